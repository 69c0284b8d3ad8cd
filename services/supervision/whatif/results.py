"""Which awards and penalties stand, as they were decided and as another policy would have led to them. Pure.

Clauses: A-57, A-58, A-60, A-61, S-44, S-45, S-50, T-64, T-66, T-67; rulings R3, R4, R8.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from services.supervision.awards.decisions import Award, Awards, Stage, awards, last_day
from services.supervision.awards.events import AwardApproved, AwardConfirmed, AwardProposed
from services.supervision.penalties.decisions import Imposed, Pending, penalties
from services.supervision.penalties.facts import member_on
from services.supervision.whatif.facts import Event
from services.supervision.whatif.replay import Replay
from services.vocabulary import Fen
from services.whatif import Case
from shared.event import Recorded
from shared.value import value


@value
class Consequence:
    """`standing`: proposed, as long as no person decided; else granted or imposed. `amount` in fen."""

    kind: str  # award, penalty
    name: str  # the item, or the kind of penalty
    standing: str
    amount: Fen | None = None
    points: Decimal | None = None


@value
class Stands:
    """`on`: the day of the violation, or the last of the award's period. `evaluator`: who decided, if a person did."""

    consequence: Consequence
    about: str
    on: date
    evaluator: str = ""


Outcome = Consequence | None  # none: nothing stands
UNSAID = (
    "What was refused then is in no log: whom the tried policy would have let be proposed or approved is not told",
    "What nobody decided on stays proposed: how a person would have decided is not told",
    "Nobody proposes anew but the rule for excellent exams: who would have been proposed for a new item is not told",
    "Points are told as points: the grades, bonuses and rectifications that follow from them are not told",
)


def compare(replay: Replay, since: str, until: str, scope: str) -> list[Case[Outcome]]:
    """Of a replay that has run: what stands in these months, for those of one studio where it is named."""
    was = dict(standing(decided(replay.told), replay))
    would = dict(standing(replay.states, replay))
    found = []
    for key in sorted(was.keys() | would.keys()):
        stands = was.get(key) or would[key]
        post, studio = where(replay, stands.on)
        if since <= f"{stands.on:%Y-%m}" <= until and scope in ("", studio):
            found.append(
                Case(
                    person=replay.subject.person,
                    team=replay.subject.team,
                    period=f"{stands.on:%Y-%m}",
                    post=post,
                    studio=studio,
                    evaluator=stands.evaluator,
                    was=was[key].consequence if key in was else None,
                    would=would[key].consequence if key in would else None,
                    about=stands.about,
                )
            )
    return found


def where(replay: Replay, on: date) -> tuple[str, str]:
    """Post and studio of a person that day; a team has no post, and the studio of those who are of it."""
    if replay.subject.person is not None:
        member = member_on(on, replay.subject.person, replay.people)
        return member.post or "", member.studio or ""
    return "", next((r.event.studio for r in reversed(replay.of_it)), "")


def decided(told: Sequence[Recorded[Event]]) -> dict[str, Any]:
    """As the log tells it: the state of each penalty and award, by stream."""
    streams: dict[str, list[Recorded[Event]]] = {}
    for recorded in told:
        if type(recorded.event) in (*penalties.facts, *awards.facts):
            streams.setdefault(recorded.meta.stream, []).append(recorded)
    states = {}
    for stream, found in streams.items():
        decider: Any = penalties if type(found[0].event) in penalties.facts else awards
        states[stream] = decider.state(r.event for r in sorted(found, key=lambda r: r.meta.version))
    return states


def standing(states: Mapping[str, Any], replay: Replay) -> Iterator[tuple[str, Stands]]:
    for stream, state in states.items():
        match state:
            case Pending() | Imposed():
                yield stream, penalty(state, replay.occurred[state.told.violation])
            case Awards():
                yield from (
                    (award.award, granted(award, replay.awards[award.award]))
                    for award in state.all
                    if award.stage is not Stage.CLOSED
                )
            case _:
                continue


def penalty(state: Pending | Imposed, on: date) -> Stands:
    told = state.told
    proposed = Consequence(kind="penalty", name=told.kind, standing="proposed")
    about = f"{told.offence} {told.occasion}"
    if isinstance(state, Pending):
        return Stands(consequence=proposed, about=about, on=on)
    imposed = Consequence(
        kind="penalty", name=told.kind, standing="imposed", amount=state.told.amount, points=state.told.points
    )
    return Stands(consequence=imposed, about=about, on=on, evaluator=state.told.decider if state.told.capacity else "")


def granted(award: Award, proposed: AwardProposed) -> Stands:
    given = Consequence(
        kind="award",
        name=proposed.item,
        standing="proposed" if award.stage is Stage.OPEN else "granted",
        amount=award.amount,
    )
    return Stands(
        consequence=given, about=proposed.period, on=last_day(proposed.period), evaluator=approver(award.decided)
    )


def approver(decided: object) -> str:
    match decided:
        case AwardApproved():
            return decided.approver
        case AwardConfirmed():
            return decided.decider
        case _:
            return ""


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """`money` of awards and `fines` in fen, `points` that are deducted."""
    there = [o for o in outcomes if o is not None]
    counted = Counter(f"{o.kind} {o.name} {o.standing}" for o in there)
    return {
        "results": len(there),
        "consequences": dict(sorted(counted.items())),
        "money": sum(o.amount or 0 for o in there if o.kind == "award"),
        "fines": sum(o.amount or 0 for o in there if o.kind == "penalty"),
        "points": sum((o.points or Decimal(0) for o in there), Decimal(0)),
    }
