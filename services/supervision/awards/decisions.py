"""Awards: one open proposal for a person or team, an item and a period; people approve, none of whom it is for; nothing
is taken back by machine.

Clauses: A-56, A-57, A-58, T-64, S-44, S-50, E-65; C-18; ruling R8.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any

from annotated_types import Len
from pydantic import Field

from services.deciding import check_capacity, check_decider, numbered
from services.supervision.awards.events import (
    AwardApproved,
    AwardCauseReversed,
    AwardCausesAdded,
    AwardConfirmed,
    AwardGranted,
    AwardProposed,
    AwardRejected,
    AwardReviewOpened,
    AwardRevoked,
    AwardWithdrawn,
    Cause,
    Event,
    Ground,
    Reward,
    Subject,
)
from services.supervision.awards.items import AwardItems, Item
from services.supervision.awards.merits import MeritMonth, merits, shown
from services.supervision.directory.teams import Team, belonged, teams
from services.training.contracts import Attempt
from services.vocabulary import Fen, Month, PersonId, SessionId, Text, UnitId, first_day
from shared.criterion import names
from shared.decider import Context, Decider, Refused, Sight, look
from shared.explanation import MET, Criterion, Nothing, dump, evaluate
from shared.value import value

Period = Annotated[str, Field(pattern=r"^20[0-9]{2}(-(0[1-9]|1[0-2])|-Q[1-4])?$", examples=["2024-05"])]
TRAINING_EXCELLENCE = "training_excellence"  # the item of T-64


@value
class Named(Subject):
    """What a command names: either of the two."""

    def __post_init__(self) -> None:
        if (self.person is None) == (self.team is None):
            raise ValueError("an award is for one person or for one team: name either")


@value
class ProposeAward(Named):
    """With the causes that show all grounds of the item; where it stands granted on them, nothing is new. Whoever
    earned it may propose himself (A-43)."""

    item: str
    period: Period
    causes: Annotated[tuple[Cause, ...], Len(1, 50)]


@value
class ApproveAward(Named):
    """The open proposal; it is granted at once."""

    item: str
    period: Period


@value
class RejectAward(Named):
    item: str
    period: Period
    reason: Text


@value
class ConfirmAward(Named):
    """Under review: it stands."""

    item: str
    period: Period
    award: str
    reason: Text


@value
class RevokeAward(Named):
    """Under review: it is taken back."""

    item: str
    period: Period
    award: str
    reason: Text


@value
class JudgeExcellence(Named):
    """An exam was graded excellent, or regraded."""

    item: str
    period: Period
    session: SessionId
    attempt: Attempt
    held_on: date
    excellent: bool


Command = ProposeAward | ApproveAward | RejectAward | ConfirmAward | RevokeAward | JudgeExcellence


class Stage(StrEnum):
    OPEN = "open"
    GRANTED = "granted"
    UNDER_REVIEW = "under_review"
    CLOSED = "closed"  # rejected, withdrawn or revoked


@value
class Award:
    award: str
    causes: tuple[Cause, ...]
    ruled_on: date | None
    proposers: frozenset[str]  # of any cause
    lost: tuple[Cause, ...] = ()  # of a proposal, or since it was granted
    stage: Stage = Stage.OPEN
    amount: Fen | None = None
    decided: Event | None = None  # the last word of a person, by which a repeat is told


@value
class Awards:
    """Of one person or team, item and period, in the order of their proposals. Only the last can be open."""

    all: tuple[Award, ...] = ()

    @property
    def open(self) -> Award | None:
        return self.all[-1] if self.all and self.all[-1].stage is Stage.OPEN else None

    def resting_on(self, cause: Cause) -> list[Award]:
        return [award for award in self.all if cause in award.causes]

    @property
    def granted(self) -> list[Award]:
        return [award for award in self.all if award.stage in (Stage.GRANTED, Stage.UNDER_REVIEW)]

    def granted_on(self, causes: Sequence[Cause]) -> bool:
        """One that stands rests on all of them."""
        return any(set(causes) <= set(award.causes) for award in self.granted)

    def bereft_of(self, cause: Cause) -> Award | None:
        """Granted, and without this cause since."""
        return next((award for award in self.granted if cause in award.lost), None)

    def find(self, name: str) -> Award | None:
        return next((award for award in self.all if award.award == name), None)


def decide(command: Command, state: Awards, context: Context) -> list[Event]:
    match command:
        case ProposeAward():
            return propose(command, state, context)
        case JudgeExcellence():
            return judge(command, state, context)
        case ApproveAward() | RejectAward():
            check_hand(command, context)
            return rule(command, state, context)
        case ConfirmAward() | RevokeAward():
            check_hand(command, context)
            return review(command, state, context)


Ruling = ApproveAward | RejectAward | ConfirmAward | RevokeAward


def check_hand(command: Ruling, context: Context) -> None:
    """A named person decides, in a capacity of his own, who is neither the subject nor of the team (R8)."""
    if command.person is not None:
        check_decider("award", command.person, context)
    if command.team is not None:
        check_capacity("award", context)
        check_not_a_member(command.team, command.period, context)


def check_not_a_member(team: UnitId, period: str, context: Context) -> None:
    """Of those who were of it in the award's period, or since; of a period to come, today. Raises
    Refused("award.team_unknown"), ("award.by_a_member")."""
    since = min(first_day(months_of(period)[0]), context.today)
    members = belonged(context.known(teams, Team(team=team)), team, since, context.today)
    if not members:
        raise Refused("award.team_unknown", team=team, next="name a unit to which persons were assigned by then")
    if context.actor in members:
        raise Refused("award.by_a_member", team=team, next="somebody decides who is not of the team")


def item_for(subject: Subject, name: str, rules: AwardItems) -> Item:
    found = rules.find(name)
    if found is None:
        raise Refused(
            "award.unknown_item", item=name, known=[item.name for item in rules.items], next="name one of these"
        )
    if found.subject_kind is not subject.kind:
        raise Refused(
            "award.other_subject", item=name, subject_kind=found.subject_kind, next=f"name a {found.subject_kind}"
        )
    return found


# Proposed


def propose(command: ProposeAward, state: Awards, context: Context) -> list[Event]:
    ruled_on = min(last_day(command.period), context.today)
    item = item_for(command, command.item, context.policy(AwardItems, on=ruled_on))
    open_ = state.open
    shown = (*(open_.causes if open_ else ()), *command.causes)
    if missing := [ground for ground in item.needs if ground not in {cause.ground for cause in shown}]:
        raise Refused("award.ground_missing", missing=missing, clause=item.clause, next="name a fact that shows it")
    if open_ is None and state.granted_on(command.causes):
        return []  # said again: it would be paid twice
    return joined(command, state, command.causes, context.actor, ruled_on)


def last_day(period: str) -> date:
    year, _, part = period.partition("-")
    months = {"": 12, "Q1": 3, "Q2": 6, "Q3": 9, "Q4": 12}
    month = months[part] if part in months else int(part)
    return date(int(year), month, monthrange(int(year), month)[1])


def judge(command: JudgeExcellence, state: Awards, context: Context) -> list[Event]:
    """For a rule's proposal the proposer is the policy. What a person decided on is not proposed again (R8)."""
    rules = context.policy(AwardItems, on=command.held_on)
    item = item_for(command, command.item, rules)
    if command.attempt is not Attempt.FIRST and not item.make_ups_count:
        return []
    cause = Cause(ground=Ground.EXCELLENT_EXAM, fact=f"{command.session}/{command.attempt}")
    if not command.excellent:
        return [e for award in state.resting_on(cause) for e in reversed_(command.person, award, cause)]
    proposer = str(rules.issue)
    if award := state.bereft_of(cause):
        return [AwardCausesAdded(award=award.award, person=command.person, causes=(cause,), proposer=proposer)]
    return [] if state.resting_on(cause) else joined(command, state, (cause,), proposer, command.held_on)


def joined(
    command: ProposeAward | JudgeExcellence, state: Awards, causes: Sequence[Cause], proposer: str, ruled_on: date
) -> list[Event]:
    """Causes join the open proposal; where there is none, they make one."""
    if (open_ := state.open) is None:
        return [
            AwardProposed(
                award=numbered("/".join(("award", *key(command))), len(state.all) + 1),
                person=command.person,
                team=command.team,
                item=command.item,
                period=command.period,
                causes=tuple(dict.fromkeys(causes)),
                proposer=proposer,
                ruled_on=ruled_on,
            )
        ]
    added = tuple(cause for cause in dict.fromkeys(causes) if cause not in open_.causes)
    if not added:
        return []
    return [
        AwardCausesAdded(award=open_.award, person=command.person, team=command.team, causes=added, proposer=proposer)
    ]


def reversed_(person: PersonId | None, award: Award, cause: Cause) -> list[Event]:
    match award.stage:
        case Stage.OPEN if award.causes == (cause,):
            gone = AwardCauseReversed(award=award.award, person=person, cause=cause)
            return [gone, AwardWithdrawn(award=award.award, person=person)]
        case Stage.OPEN | Stage.UNDER_REVIEW:
            return [AwardCauseReversed(award=award.award, person=person, cause=cause)]
        case Stage.GRANTED:
            return [AwardReviewOpened(award=award.award, person=person, cause=cause)]
        case Stage.CLOSED:
            return []


# Decided


def rule(command: ApproveAward | RejectAward, state: Awards, context: Context) -> list[Event]:
    open_ = state.open
    if open_:
        check_not_a_proposer(open_, context)
    match command:
        case ApproveAward() if open_:
            return approve(command, open_, context)
        case RejectAward() if open_:
            return [rejected(command, open_, context)]
        case _ if repeated(command, state, context):
            return []
        case _:
            raise Refused("award.not_open", next="look at the register: it is not proposed, or was decided on")


def check_not_a_proposer(open_: Award, context: Context) -> None:
    """Where the catalogue asks for it (R8)."""
    if context.actor in open_.proposers and context.policy(AwardItems, on=open_.ruled_on).decider_differs:
        raise Refused("award.by_the_proposer", next="somebody other than the proposer decides")


def repeated(command: ApproveAward | RejectAward, state: Awards, context: Context) -> bool:
    last = state.all[-1] if state.all else None
    match command, last and last.decided:
        case ApproveAward(), AwardApproved(approver=by):
            return by == context.actor
        case RejectAward(reason=reason), AwardRejected(decider=by, reason=told):
            return (by, told) == (context.actor, reason)
        case _:
            return False


def approve(command: ApproveAward, open_: Award, context: Context) -> list[Event]:
    item = item_for(command, command.item, context.policy(AwardItems, on=open_.ruled_on))
    unset = Reward.MONEY in item.rewards and item.amount is None
    money = Fen(int(item.amount.amount)) if item.amount and Reward.MONEY in item.rewards else None
    approver = PersonId(context.actor)
    explanation = met(command, item, context)
    return [
        AwardApproved(
            award=open_.award,
            person=command.person,
            team=command.team,
            approver=approver,
            capacity=context.capacity,
        ),
        AwardGranted(
            award=open_.award,
            person=command.person,
            team=command.team,
            item=command.item,
            period=command.period,
            granted_on=context.today,
            rewards=tuple(r for r in item.rewards if r is not Reward.MONEY or money is not None),
            amount=money,
            amount_not_configured=unset,
            explanation=explanation,
        ),
    ]


def met(command: ApproveAward, item: Item, context: Context) -> Mapping[str, Any] | None:
    """How the item's criterion is met, over the whole period. Raises Refused("award.period_open"),
    ("award.criterion_open"), ("award.criterion_not_met")."""
    if item.criterion is None or command.person is None:
        return None
    if context.today <= (until := last_day(command.period)):
        raise Refused("award.period_open", until=until, next="its criterion is about the whole period")
    asked = names(item.criterion.expression)
    known = [context.known(merits, subject) for subject in months(command.person, command.period)]
    inputs = shown(known, make_ups_count=item.make_ups_count)
    tree = Criterion(
        name=item.name, asks=item.criterion, of=tuple(node for name, node in inputs.items() if name in asked)
    )
    found = evaluate(tree)
    if isinstance(found, Nothing):
        raise Refused("award.criterion_open", criterion=item.criterion.expression, next="wait for the month's results")
    if found != MET:
        values = {name: evaluate(inputs[name]) for name in sorted(asked)}
        told = {name: f"{float(v):g}" for name, v in values.items() if isinstance(v, Fraction)}
        raise Refused("award.criterion_not_met", criterion=item.criterion.expression, shown=told, next="reject it")
    return dump(tree)


def months(person: PersonId, period: str) -> list[MeritMonth]:
    return [MeritMonth(person=person, month=month) for month in months_of(period)]


def months_of(period: str) -> list[Month]:
    until = last_day(period)
    count = 12 if len(period) == 4 else 3 if "Q" in period else 1
    return [Month(f"{until.year}-{number:02}") for number in range(until.month - count + 1, until.month + 1)]


def key(command: Command) -> tuple[str, ...]:
    return *subject_of(command.person, command.team), command.item, command.period


def subject_of(person: PersonId | None, team: UnitId | None) -> tuple[str, ...]:
    return (person,) if person is not None else ("team", str(team))


def sees(command: Command) -> list[Sight]:
    if command.team is not None and isinstance(command, Ruling):
        return [look(teams, Team(team=command.team))]
    if command.person is not None and isinstance(command, ApproveAward):
        return [look(merits, subject) for subject in months(command.person, command.period)]
    return []


def rejected(command: RejectAward, open_: Award, context: Context) -> AwardRejected:
    return AwardRejected(
        award=open_.award,
        person=command.person,
        team=command.team,
        decider=PersonId(context.actor),
        capacity=context.capacity,
        reason=command.reason,
    )


def review(command: ConfirmAward | RevokeAward, state: Awards, context: Context) -> list[Event]:
    award = state.find(command.award)
    if award is None:
        raise Refused("award.unknown", award=command.award, next="look at the register")
    settled = settled_by(command, award, context)
    if award.stage is Stage.UNDER_REVIEW:
        return [settled]
    if award.decided == settled:
        return []
    raise Refused("award.not_under_review", stage=award.stage, next="only a cause that falls away opens a review")


def settled_by(command: ConfirmAward | RevokeAward, award: Award, context: Context) -> AwardConfirmed | AwardRevoked:
    decider = PersonId(context.actor)
    if isinstance(command, ConfirmAward):
        return AwardConfirmed(
            award=award.award,
            person=command.person,
            team=command.team,
            decider=decider,
            capacity=context.capacity,
            reason=command.reason,
        )
    return AwardRevoked(
        award=award.award,
        person=command.person,
        team=command.team,
        decider=decider,
        capacity=context.capacity,
        reason=command.reason,
        amount=award.amount,
    )


# Folded

Later = (
    AwardCausesAdded | AwardCauseReversed | AwardWithdrawn | AwardApproved | AwardRejected | AwardGranted
    | AwardReviewOpened | AwardConfirmed | AwardRevoked
)  # fmt: skip
FOLLOWS: Mapping[type, tuple[Stage, ...]] = {
    AwardCausesAdded: (Stage.OPEN, Stage.GRANTED, Stage.UNDER_REVIEW),
    AwardCauseReversed: (Stage.OPEN, Stage.UNDER_REVIEW),
    AwardWithdrawn: (Stage.OPEN,),
    AwardApproved: (Stage.OPEN,),
    AwardRejected: (Stage.OPEN,),
    AwardGranted: (Stage.OPEN,),
    AwardReviewOpened: (Stage.GRANTED,),
    AwardConfirmed: (Stage.UNDER_REVIEW,),
    AwardRevoked: (Stage.UNDER_REVIEW,),
}
LEADS_TO: Mapping[type, Stage] = {
    AwardApproved: Stage.OPEN,  # until it is granted, in the same breath
    AwardRejected: Stage.CLOSED,
    AwardConfirmed: Stage.GRANTED,
    AwardRevoked: Stage.CLOSED,
}


def evolve(state: Awards, event: Event) -> Awards:
    if isinstance(event, AwardProposed):
        return Awards(all=(*state.all, proposed(state, event)))
    award = state.find(event.award)
    if award is None or award.stage not in FOLLOWS[type(event)]:
        raise ValueError(f"{type(event).__name__} of an award that is {award.stage if award else 'unknown'}")
    return Awards(all=tuple(changed(a, event) if a is award else a for a in state.all))


def proposed(state: Awards, event: AwardProposed) -> Award:
    if state.open is not None:
        raise ValueError("two proposals of an award are open")
    return Award(award=event.award, causes=event.causes, ruled_on=event.ruled_on, proposers=frozenset([event.proposer]))


def changed(award: Award, event: Later) -> Award:
    match event:
        case AwardCausesAdded():
            lost = tuple(cause for cause in award.lost if cause not in event.causes)
            proposers = award.proposers | {event.proposer}
            return replace(award, causes=(*award.causes, *event.causes), lost=lost, proposers=proposers)
        case AwardCauseReversed():
            return without(award, event.cause)
        case AwardReviewOpened():
            return replace(without(award, event.cause), stage=Stage.UNDER_REVIEW)
        case AwardGranted() if isinstance(award.decided, AwardApproved):
            return replace(award, stage=Stage.GRANTED, amount=event.amount, lost=())
        case AwardGranted():
            raise ValueError("an award was granted that nobody approved")
        case AwardWithdrawn():
            return replace(award, stage=Stage.CLOSED)
        case AwardApproved() | AwardRejected() | AwardConfirmed() | AwardRevoked():
            return replace(award, stage=LEADS_TO[type(event)], decided=event)


def without(award: Award, cause: Cause) -> Award:
    left = tuple(one for one in award.causes if one != cause)
    return replace(award, causes=left, lost=(*award.lost, cause))


awards: Decider[Command, Awards, Event] = Decider(
    name="award",
    key=key,
    initial=Awards,
    decide=decide,
    evolve=evolve,
    sees=sees,
)
