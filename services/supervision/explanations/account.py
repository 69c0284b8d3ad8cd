"""Why somebody has a penalty, or was given an award: what was recorded, by whom, under which clause, and what it
followed from.

It is read from the log, so there is no second telling of a decision that could differ from the first. Whoever saw
something stands in it by his capacity (R5), whoever decided by his name (R3); free texts about a person stay sealed.
Rulings R3, R7, R8.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.supervision.awards.decisions import awards, subject_of
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
)
from services.supervision.awards.items import AwardItems
from services.supervision.awards.projections import Award
from services.supervision.penalties.decisions import penalties
from services.supervision.penalties.events import (
    PenaltyHeld,
    PenaltyImposed,
    PenaltyObjectionEscalated,
    PenaltyObjectionRaised,
    PenaltyObjectionResolved,
    PenaltyObjectionWithdrawn,
    PenaltyProposed,
    PenaltyRejected,
    PenaltyRevoked,
    PenaltyWithdrawn,
)
from services.supervision.penalties.projections import Penalty
from services.supervision.penalties.rules import ConsequenceRules, Entry, PenaltyCatalogue
from services.supervision.violations.events import (
    AttemptContested,
    ViolationCauseRecorded,
    ViolationRecorded,
    ViolationWithdrawn,
)
from services.vocabulary import PersonId, UnitId
from shared.event import Recorded
from shared.policy import Document, Policies
from shared.value import value

# What of each event is told, and in which field stands who decided. Of what an attempt of an exam was judged as nothing
# is: that is the archive's (R9).
TOLD: Mapping[type, tuple[str, ...]] = {
    ViolationRecorded: ("kind", "occasion", "occurred_on", "severity", "evidence", "correction"),
    ViolationCauseRecorded: (),
    ViolationWithdrawn: ("cause",),
    AttemptContested: ("open",),
    PenaltyProposed: ("kind", "mode", "points", "month"),
    PenaltyImposed: ("kind", "points", "month", "amount", "objections_until"),
    PenaltyRejected: ("reason",),
    PenaltyRevoked: ("cause",),
    PenaltyWithdrawn: ("cause",),
    PenaltyHeld: ("held", "contested"),
    PenaltyObjectionRaised: ("told.raised_on", "told.answer_by"),
    PenaltyObjectionEscalated: ("told.answer_by",),
    PenaltyObjectionResolved: ("told.outcome",),
    PenaltyObjectionWithdrawn: (),
    AwardProposed: ("item", "period", "causes"),
    AwardCausesAdded: ("causes",),
    AwardCauseReversed: ("cause",),
    AwardWithdrawn: (),
    AwardApproved: (),
    AwardRejected: ("reason",),
    AwardGranted: ("rewards", "amount", "amount_not_configured", "granted_on"),
    AwardReviewOpened: ("cause",),
    AwardConfirmed: ("reason",),
    AwardRevoked: ("reason", "amount"),
}
BY = ("decider", "approver", "proposer", "told.handler")
# Personal texts, which are opened for whoever may read them in the register.
NOTE = ("note", "finding", "told.finding", "told.reason")
SYSTEM = "system"  # acts where nobody does


@value
class Under:
    """A policy that the decision asked for. `clause`: the one that it states for this; none where its file is gone."""

    policy: str
    version: int
    clause: str = ""


@value
class Step:
    """`event` is its id and `says` its name. `by`: a person, or policy:version where a rule did it. `automatic`: nobody
    did it, it followed from `cause`, the event of this id; it was said when it was recorded, since it may rest on what
    occurred after its cause. `details` are what it states; `trees` how its figures came about."""

    event: str
    says: str
    occurred_at: datetime
    recorded_at: datetime
    by: str = ""
    capacity: str = ""
    automatic: bool = False
    cause: str = ""
    note: str = ""
    details: Mapping[str, str]
    under: tuple[Under, ...] = ()
    trees: tuple[Mapping[str, Any], ...] = ()


@value
class Account:
    """`about` is the id of the penalty or award; `what` its kind or item, `title` what the catalogue calls the item.
    `streams` are those of the log that it is read from."""

    about: str
    person: PersonId | None = None
    team: UnitId | None = None
    what: str
    title: str = ""
    standing: str
    streams: tuple[str, ...]
    steps: tuple[Step, ...]


Decision = Penalty | Award


def streams_of(decision: Decision) -> tuple[str, ...]:
    """Whose histories are its account."""
    match decision:
        case Penalty(person=person, offence=offence, occasion=occasion):
            return decision.violation, penalties.named(str(person), str(offence), occasion)
        case Award(item=item, period=period):
            return (awards.named(*subject_of(decision.person, decision.team), item, period),)


def account(decision: Decision, history: Sequence[Recorded[Any]], policies: Policies) -> Account:
    """`history` in the order in which it was recorded."""
    documents = {str(d.issue): d for d in policies.documents}
    about = decision.penalty if isinstance(decision, Penalty) else decision.award
    return Account(
        about=about,
        person=decision.person,
        team=decision.team if isinstance(decision, Award) else None,
        what=decision.item if isinstance(decision, Award) else str(decision.kind),
        title=title(decision.item, policies) if isinstance(decision, Award) else "",
        standing=str(decision.standing),
        streams=streams_of(decision),
        steps=tuple(step(r, decision, documents) for r in history if speaks_of(r.event, about)),
    )


def title(item: str, policies: Policies) -> str:
    catalogues = [d.body for d in policies.of(AwardItems) if isinstance(d.body, AwardItems)]
    return next((found.title for body in catalogues if (found := body.find(item))), "")


def speaks_of(event: object, about: str) -> bool:
    """Of a violation all is told, of the decisions on it this one."""
    return type(event) in TOLD and about == getattr(event, "penalty", getattr(event, "award", about))


def step(recorded: Recorded[Any], decision: Decision, documents: Mapping[str, Document]) -> Step:
    event, meta = recorded.event, recorded.meta
    said = {path.rpartition(".")[2]: stated(event, path) for path in TOLD[type(event)]}
    return Step(
        event=meta.id,
        says=type(event).__name__,
        occurred_at=meta.occurred_at,
        recorded_at=meta.recorded_at,
        by=next(filter(None, (stated(event, path) for path in BY)), ""),
        capacity=stated(event, "capacity") or stated(event, "told.capacity"),
        automatic=meta.actor == SYSTEM,
        cause=meta.cause,
        note=next(filter(None, (stated(event, path) for path in NOTE)), ""),
        details={name: v for name, v in said.items() if v},
        under=tuple(found for issue in meta.policies if (found := under(issue, decision, documents.get(issue)))),
        trees=trees(getattr(event, "explanation", None)),
    )


def stated(event: object, path: str) -> str:
    """As a text; empty where the event states nothing there."""
    v: object = event
    for name in path.split("."):
        v = getattr(v, name, None)
    return text(v)


def text(v: object) -> str:
    match v:
        case None | False:
            return ""
        case True:
            return "yes"
        case Cause():
            return f"{v.ground} {v.fact}"
        case tuple():
            return ", ".join(map(text, v))
        case _:
            return str(v)


def trees(explanation: Mapping[str, Any] | None) -> tuple[Mapping[str, Any], ...]:
    """An award has one, a violation one for each figure that was reached."""
    if not explanation:
        return ()
    return (explanation,) if "tree" in explanation else tuple(explanation.values())


def under(issue: str, decision: Decision, document: Document | None) -> Under | None:
    """None: a catalogue of another population, that does not know the penalty."""
    policy, _, version = issue.rpartition(":")
    body = document.body if document else None
    if isinstance(body, PenaltyCatalogue) and isinstance(decision, Penalty) and not entries(body, decision):
        return None
    return Under(policy=policy, version=int(version), clause=next(filter(None, clauses(decision, body)), ""))


def entries(catalogue: PenaltyCatalogue, penalty: Penalty) -> list[Entry]:
    known = (entry for entry in catalogue.penalties if entry.kind is penalty.kind)
    return [entry for entry in known if not entry.violations or penalty.offence in entry.violations]


def clauses(decision: Decision, body: object) -> Iterator[str]:
    """The narrowest first."""
    if isinstance(decision, Award):
        if isinstance(body, AwardItems) and (item := body.find(decision.item)):
            yield item.clause
    elif isinstance(body, PenaltyCatalogue):
        yield from (entry.clause for entry in entries(body, decision))
    elif isinstance(body, ConsequenceRules) and decision.offence and (rule := body.of(decision.offence)):
        yield rule.clause
    yield getattr(body, "clause", "")
