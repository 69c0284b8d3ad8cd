"""The consequences for one person or one team, decided again under other policies. Pure.

The recorded facts are taken in the order in which they were taken then, by the very reactions and deciders. What people
said is said again; a decision on a proposal holds for one of the same kind alone. Clause: S-50; rulings R1, R2, R3, R8.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any, cast

from msgspec.structs import replace

from services.deciding import numbered
from services.people.contracts import PersonAssignedToPost
from services.supervision.awards import decisions as award
from services.supervision.awards.decisions import awards
from services.supervision.awards.events import (
    AwardApproved,
    AwardCausesAdded,
    AwardConfirmed,
    AwardProposed,
    AwardRejected,
    AwardRevoked,
)
from services.supervision.awards.merits import MeritMonth, merits
from services.supervision.awards.reactions import excellent_exams
from services.supervision.directory.projections import Event as Told
from services.supervision.directory.projections import Member, members
from services.supervision.directory.teams import Team, teams
from services.supervision.penalties import decisions as penalty
from services.supervision.penalties.decisions import Pending, penalties
from services.supervision.penalties.events import (
    PenaltyImposed,
    PenaltyProposed,
    PenaltyRejected,
    PenaltyRevoked,
)
from services.supervision.penalties.facts import Event as Ruling
from services.supervision.penalties.facts import Offence, fold, populations
from services.supervision.penalties.reactions import penalty_settlements, violation_consequences
from services.supervision.violations import decisions as violation
from services.supervision.violations.decisions import violations
from services.supervision.violations.events import (
    ViolationCauseRecorded,
    ViolationKind,
    ViolationRecorded,
    ViolationWithdrawn,
)
from services.supervision.violations.facts import monthly_figures
from services.supervision.violations.reactions import absences, failed_exams, upheld_objections
from services.supervision.whatif.facts import Conduct, Event, Learned
from services.vocabulary import Month, PersonMonth
from shared.decider import Context, Decider, Refused, Sight
from shared.event import Meta, Recorded
from shared.facts import Known
from shared.policy import Policies
from shared.reaction import Reaction

Step = tuple[Recorded[Event], Reaction[Any, Any] | None]  # none: what was said is said again
Commanded = tuple[Decider[Any, Any, Any], Any]  # a command, and who decides it
BY_RULE = "reaction:"  # what the capacity begins with in which a reaction decides
CAUSES: Sequence[Reaction[Any, Any]] = (absences, failed_exams, excellent_exams, upheld_objections)


class Replay:
    """`figures` of the months that may be judged, with those that they are compared with, `merits` of those for which
    an award was approved, and `posts` of a team, by which it is told who was ever `of_it`."""

    def __init__(
        self,
        subject: Conduct,
        told: Sequence[Recorded[Event]],
        figures: Mapping[PersonMonth, Known[Any]],
        merits: Mapping[MeritMonth, Known[Any]],
        posts: Mapping[Team, Known[PersonAssignedToPost]],
        under: Policies,
    ) -> None:
        self.subject, self.figures, self.merits, self.policies = subject, figures, merits, under
        self.told = told
        self.of_it = [
            r
            for team, known in posts.items()
            for r in known.every(PersonAssignedToPost)
            if team in teams.subjects(r.event)
        ]
        self.awards = {r.event.award: r.event for r in self.told if isinstance(r.event, AwardProposed)}
        self.penalties = {r.event.penalty: r.event for r in self.told if isinstance(r.event, PenaltyProposed)}
        self.judged = {
            r.event.penalty
            for r in told
            if isinstance(r.event, PenaltyImposed | PenaltyRejected) and not r.meta.capacity.startswith(BY_RULE)
        }
        self.occurred = {
            r.meta.stream: r.event.occurred_on for r in self.told if isinstance(r.event, ViolationRecorded)
        }
        self.states: dict[str, Any] = {}
        self.people: list[Recorded[Told]] = []
        self.proposals: list[Recorded[PenaltyProposed]] = []
        self.used: frozenset[str] | None = None  # the figures that were known then; none: all of them

    def run(self, months: Sequence[Month]) -> None:
        for recorded, reaction in steps(self.told):
            if reaction is None:
                self.take(recorded)
            else:
                self.react(reaction, recorded)
        if self.subject.person is not None:
            for month in months:
                command = violation.ExamineMonth(person=self.subject.person, month=month)
                self.decide(violations, command, by_rule(self.told[-1].meta))
        self.settle_all(self.told[-1].meta)

    def take(self, recorded: Recorded[Event]) -> None:
        event, meta = recorded.event, recorded.meta
        if isinstance(event, Told):
            self.people.append(cast(Recorded[Told], recorded))
            self.settle_all(meta)
        if isinstance(event, ViolationRecorded | ViolationWithdrawn):
            self.used = frozenset(event.used)
        for decider, command in self.again(event, meta):
            self.decide(decider, command, meta)
        self.used = None

    def react(self, reaction: Reaction[Any, Any], recorded: Recorded[Any]) -> None:
        for command in reaction(recorded.event, self.context((), recorded.meta)):
            self.decide(reaction.to, command, by_rule(recorded.meta))

    def again(self, event: Event, meta: Meta) -> Iterator[Commanded]:
        """What a person said; of what a rule decided, only when the figures of a month were looked at."""
        if not meta.capacity.startswith(BY_RULE):
            yield from self.said(event)
        elif isinstance(event, ViolationRecorded | ViolationWithdrawn) and event.kind is ViolationKind.POOR_PERFORMANCE:
            yield violations, violation.ExamineMonth(person=event.person, month=Month(event.occasion))

    def said(self, event: Event) -> Iterator[Commanded]:
        match event:
            case ViolationRecorded() | ViolationCauseRecorded() | ViolationWithdrawn():
                yield violations, violated(event)
            case PenaltyProposed() | PenaltyRevoked():
                yield penalties, penalised(event)
            case PenaltyImposed() | PenaltyRejected():
                proposed = self.penalties[event.penalty]
                state = self.states.get(proposed_on(proposed))
                if isinstance(state, Pending) and state.told.kind is proposed.kind and not fallen(event.penalty, state):
                    yield penalties, ruled(event, proposed)
            case (
                AwardProposed()
                | AwardCausesAdded()
                | AwardApproved()
                | AwardRejected()
                | AwardConfirmed()
                | AwardRevoked()
            ):
                yield awards, awarded(event, self.awards[event.award])
            case _:  # what others told, or what follows from something else
                return

    def decide(self, decider: Decider[Any, Any, Any], command: Any, meta: Meta) -> None:
        stream = decider.stream(command)
        before = self.states.get(stream, decider.initial())
        try:
            events = decider(command, before, self.context(decider.sees(command), meta))
        except Refused:
            return
        self.states[stream] = decider.state(events, before)
        for event in events:
            self.follow(event, meta)

    def follow(self, event: Any, meta: Meta) -> None:
        """What our own events lead to."""
        if isinstance(event, AwardProposed):
            self.awards[event.award] = event
        if isinstance(event, ViolationRecorded):
            self.occurred[violations.named(event.person, event.kind, event.occasion)] = event.occurred_on
        if isinstance(event, violation_consequences.events):
            self.react(violation_consequences, Recorded(event=event, meta=meta))
        if isinstance(event, PenaltyProposed):
            number = len(self.proposals) + 1
            known = replace(meta, id=f"{event.penalty}/{number}", stream=proposed_on(event), version=number)
            self.proposals.append(Recorded(event=event, meta=known))
            if not self.foregone(event):
                self.settle(offence_of(event), meta)

    def foregone(self, proposed: PenaltyProposed) -> bool:
        """A person decided on this very proposal, before the rule that made it went further."""
        before = self.penalties.get(proposed.penalty)
        same = before is not None and (before.kind, before.mode) == (proposed.kind, proposed.mode)
        return same and proposed.penalty in self.judged

    def settle_all(self, meta: Meta) -> None:
        for offence in dict.fromkeys(offence_of(p.event) for p in self.proposals):
            self.settle(offence, meta)

    def settle(self, offence: Offence, meta: Meta) -> None:
        self.react(penalty_settlements, Recorded(event=offence, meta=meta))

    def context(self, sights: Sequence[Sight], meta: Meta) -> Context:
        return Context(
            now=meta.occurred_at,
            actor=meta.actor,
            capacity=meta.capacity,
            scope=meta.scope,
            policies=self.policies,
            seen={(sight.source.name, sight.key): self.sight(sight, meta) for sight in sights},
        )

    def sight(self, sight: Sight, meta: Meta) -> object:
        """Raises LookupError for what no decision saw when this was written."""
        if isinstance(sight.source, Decider):
            key = cast(tuple[str, ...], sight.key)
            return self.states.get(sight.source.named(*key), sight.source.initial())
        if sight.source is members:
            person = cast(Member, sight.key).person
            return fold(person, self.people) if self.people else Member(person=person)
        if sight.source is populations:
            offence = cast(Offence, sight.key)
            proposals = [p for p in self.proposals if offence_of(p.event) == offence]
            return populations.gathered(offence, cast(Sequence[Recorded[Ruling]], [*self.people, *proposals]))
        if sight.source is monthly_figures:
            subject = cast(PersonMonth, sight.key)
            known = self.figures[subject]
            return monthly_figures.gathered(
                subject, (f for f in known.facts if self.used is None or f.meta.id in self.used)
            )
        if sight.source is merits:
            return self.merits[cast(MeritMonth, sight.key)]
        if sight.source is teams:  # no policy says who is of it: whoever decided was not, as far as was known then
            return teams.gathered(cast(Team, sight.key), (r for r in self.of_it if r.event.person != meta.actor))
        raise LookupError(f"a consequence is decided by {sight.source.name}, which is not kept for what-if")


def steps(told: Sequence[Recorded[Event]]) -> list[Step]:
    """Each fact, and each reaction to it, at its place in our own log: what followed from a fact tells when it was
    heard; where nothing did, when it was recorded does."""
    own = sorted((r for r in told if not isinstance(r.event, Learned | Told)), key=lambda r: r.meta.position)
    heard: dict[tuple[str, str], int] = {}
    for r in own:
        heard.setdefault((r.meta.cause, r.meta.capacity), r.meta.position)
    ours = {r.meta.id for r in own}
    found: list[tuple[tuple[Any, ...], Step]] = []
    for r in told:
        after = (p.meta.position for p in own if p.meta.recorded_at >= r.meta.recorded_at)
        place: float = r.meta.position if r.meta.id in ours else next(after, inf)
        if not isinstance(r.event, Learned):
            found.append(((place, r.meta.id in ours, r.meta.recorded_at, r.meta.position), (r, None)))
        for reaction in CAUSES:
            if isinstance(r.event, reaction.events):
                at = heard.get((r.meta.id, f"{BY_RULE}{reaction.name}"), place)
                found.append(((at, False, r.meta.recorded_at, r.meta.position), (r, reaction)))
    return [step for _, step in sorted(found, key=lambda f: f[0])]


def by_rule(meta: Meta) -> Meta:
    return replace(meta, actor="system", capacity=f"{BY_RULE}what_if")


def offence_of(proposed: PenaltyProposed) -> Offence:
    return Offence(person=proposed.person, offence=proposed.offence, occasion=proposed.occasion)


def proposed_on(proposed: PenaltyProposed) -> str:
    return penalties.named(proposed.person, proposed.offence, proposed.occasion)


def fallen(proposal: str, pending: Pending) -> bool:
    """Whether an earlier proposal was meant than the one that is pending here, where consequences come at once."""
    return proposal in (numbered(pending.told.violation, number) for number in range(1, pending.proposals))


def violated(event: ViolationRecorded | ViolationCauseRecorded | ViolationWithdrawn) -> violation.Command:
    match event:
        case ViolationRecorded():
            return violation.RecordViolation(
                person=event.person,
                kind=event.kind,
                occasion=event.occasion,
                occurred_on=event.occurred_on,
                evidence=event.evidence,
                severity=event.severity,
                note=event.note,
            )
        case ViolationCauseRecorded():
            return violation.RecordCause(person=event.person, month=Month(event.occasion), finding=event.finding)
        case ViolationWithdrawn():
            return violation.WithdrawViolation(
                person=event.person, kind=event.kind, occasion=event.occasion, cause=event.cause
            )


def penalised(event: PenaltyProposed | PenaltyRevoked) -> penalty.Command:
    if isinstance(event, PenaltyProposed):
        return penalty.ProposePenalty(
            person=event.person, offence=event.offence, occasion=event.occasion, kind=event.kind
        )
    return penalty.RevokePenalty(
        person=event.person, offence=event.offence, occasion=event.occasion, reason=event.cause
    )


def ruled(event: PenaltyImposed | PenaltyRejected, on: PenaltyProposed) -> penalty.Command:
    if isinstance(event, PenaltyImposed):
        return penalty.ImposePenalty(person=on.person, offence=on.offence, occasion=on.occasion)
    return penalty.RejectPenalty(person=on.person, offence=on.offence, occasion=on.occasion, reason=event.reason)


def awarded(
    event: AwardProposed | AwardCausesAdded | AwardApproved | AwardRejected | AwardConfirmed | AwardRevoked,
    on: AwardProposed,
) -> award.Command:
    match event:
        case AwardProposed() | AwardCausesAdded():
            return award.ProposeAward(
                person=on.person, team=on.team, item=on.item, period=on.period, causes=event.causes
            )
        case AwardApproved():
            return award.ApproveAward(person=on.person, team=on.team, item=on.item, period=on.period)
        case AwardRejected():
            return award.RejectAward(
                person=on.person, team=on.team, item=on.item, period=on.period, reason=event.reason
            )
        case AwardConfirmed():
            return award.ConfirmAward(
                person=on.person, team=on.team, item=on.item, period=on.period, award=event.award, reason=event.reason
            )
        case AwardRevoked():
            return award.RevokeAward(
                person=on.person, team=on.team, item=on.item, period=on.period, award=event.award, reason=event.reason
            )
