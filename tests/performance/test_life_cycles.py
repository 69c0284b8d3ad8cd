"""Which step leads where, and from where it is refused. Rulings R3, R6, R7, R10; clauses O-103 to O-107, A-36."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.performance.bonuses.decisions import (
    Bonus,
    DecideBonusReduction,
    DeductBonus,
    RecordBonusPaid,
    WithdrawBonusDeduction,
)
from services.performance.bonuses.events import BonusAdjusted, BonusCalculated, BonusDeducted, BonusPaid, Standing
from services.performance.cycles.decisions import OpenCycle, cycles
from services.performance.cycles.events import CycleOpened
from services.performance.priorities.decisions import Priority
from services.performance.reviews.decisions import RecordFeedback, Review, SubmitSelfReview, SubmitSuperiorReview
from services.performance.tickets.decisions import tickets
from services.performance.tickets.events import CustomerTicketOpened, TicketKind
from services.vocabulary import Fen, Month, PostId
from shared.privacy import Personal
from shared.testing import Given, given
from tests.arrows import arrows, drawn, step
from tests.performance.month import MAY, STANDARD, A, opened
from tests.performance.test_bonuses import CALCULATE, JUNE_6, month
from tests.performance.test_forms import SCORE, SELF, SUPERIOR, filled, judged
from tests.performance.test_objections import RAISE
from tests.performance.test_priorities import DETERMINE, GOOD, after, objected, resolved, worse
from tests.performance.test_reviews import (
    COMPLETE,
    INTERVIEW,
    OPEN,
    RESTATE,
    SHORT,
    completed,
    feedback,
    review,
    scored,
    told,
)
from tests.performance.test_tickets import (
    BY_SERVICE,
    COMPLAINT,
    FED_BACK,
    FEED_BACK,
    FOLLOW_UP,
    FOLLOWED_UP,
    OPENED,
    REOPEN,
    RESOLVE,
    RESOLVED,
    stage_of,
)

BY_GROUP: dict[str, Any] = {"by": "group", "capacity": "supervision_group", "now": JUNE_6}
BY_HIMSELF: dict[str, Any] = {"by": A, "capacity": "assistant_anchor", "now": JUNE_6}


def stage(found: Review) -> str:
    """With `+` once he was told of the result."""
    fed_back = getattr(found.stage, "feedback", None)
    return type(found.stage).__name__.lower() + ("+" if fed_back else "")


STEPS = {
    "open": step(replace(OPEN, post=PostId("assistant_anchor")), **BY_GROUP),
    "self": step(replace(SELF, achievements=Personal("thirteen")), **BY_HIMSELF),
    "superior": step(replace(SUPERIOR, evaluation=Personal("very steady")), **BY_GROUP),
    "score": step(SCORE, **BY_GROUP),
    "feedback": step(feedback(), **BY_GROUP),
    "object": step(replace(RAISE, named=()), **BY_HIMSELF),
    "complete": step(COMPLETE, **BY_GROUP),
    "restate": step(RESTATE, by="system", now=JUNE_6),
}


@pytest.mark.clause("R10", "O-103", "O-104", "O-105")
def test_a_review_of_the_long_form() -> None:
    """Forms, score, feedback, completion: none before the other. A completed review is final but for what R6 and R7
    know: the objection, and the next version beside it."""
    result, fed_back = scored(), told(feedback(), by="group")
    histories = {
        "unopened": (),
        "opened": (opened(), filled(), judged()),
        "scored": (opened(), filled(), judged(), result),
        "scored+": (opened(), filled(), judged(), result, fed_back),
        "completed+": (opened(), filled(), judged(), result, fed_back, completed()),
    }
    states = {name: review(*history, under=(STANDARD, INTERVIEW)) for name, history in histories.items()}
    assert arrows(states, STEPS, stage) == drawn(
        """
                    open    self    superior  score   feedback  object      complete    restate
        unopened    opened  -       -         -       -         -           -           .
        opened      opened  opened  opened    scored  -         -           -           .
        scored      -       -       -         .       scored+   -           -           .
        scored+     -       -       -         .       .         scored+     completed+  .
        completed+  -       -       -         .       .         completed+  .           .
        """
    )


@pytest.mark.clause("R10")
def test_a_review_of_the_short_form() -> None:
    result, fed_back = scored(), told(feedback(), by="group")
    histories = {
        "unopened": (),
        "opened": (opened(),),
        "scored": (opened(), result),
        "scored+": (opened(), result, fed_back),
        "completed": (opened(), result, completed()),
        "completed+": (opened(), result, completed(), fed_back),
    }
    states = {name: review(*history, under=(STANDARD, SHORT)) for name, history in histories.items()}
    assert arrows(states, STEPS, stage) == drawn(
        """
                    open    self    superior  score   feedback    object      complete    restate
        unopened    opened  -       -         -       -           -           -           .
        opened      opened  opened  opened    scored  -           -           -           .
        scored      -       -       -         .       scored+     -           completed   .
        scored+     -       -       -         .       .           scored+     completed+  .
        completed   -       -       -         .       completed+  -           .           .
        completed+  -       -       -         .       .           completed+  .           .
        """
    )


@pytest.mark.clause("A-36", "A-37", "O-105", "R10")
@pytest.mark.parametrize("field", ["mode", "merits", "shortcomings", "advice"])
def test_feedback_names_mode_merits_shortcomings_and_advice(field: str) -> None:
    body: dict[str, Any] = {
        "person": "a",
        "month": "2024-05",
        "mode": "face_to_face",
        "merits": "calm in trouble",
        "shortcomings": "talks too fast",
        "advice": "pause after a price",
        "held_on": "2024-06-03",
    }
    form = TypeAdapter(RecordFeedback)
    assert form.validate_python(body) == feedback()
    for wrong in ({name: said for name, said in body.items() if name != field}, body | {field: " "}):
        with pytest.raises(ValidationError, match=field):
            form.validate_python(wrong)


@pytest.mark.clause("O-103", "O-104")
@pytest.mark.parametrize(
    ("form", "field"),
    [
        (SubmitSelfReview, "achievements"),
        (SubmitSelfReview, "shortcomings"),
        (SubmitSelfReview, "improvements"),
        (SubmitSuperiorReview, "evaluation"),
    ],
)
def test_a_form_is_filled_in(form: Any, field: str) -> None:
    said = {"achievements": "twelve topics", "shortcomings": "late", "improvements": "plan", "evaluation": "steady"}
    names = {"evaluation"} if form is SubmitSuperiorReview else set(said) - {"evaluation"}
    body: dict[str, Any] = {"person": "a", "month": "2024-05"} | {name: said[name] for name in names}
    assert TypeAdapter(form).validate_python(body)
    for wrong in ({name: word for name, word in body.items() if name != field}, body | {field: " "}):
        with pytest.raises(ValidationError, match=field):
            TypeAdapter(form).validate_python(wrong)


@pytest.mark.clause("S-37")
def test_a_cycle() -> None:
    may = Month("2024-05")
    states = {"unopened": given(cycles), "open": given(cycles, CycleOpened(month=may, not_rated=None))}
    steps = {"open": step(OpenCycle(month=may)), "not_rated": step(OpenCycle(month=may, not_rated="no facts"))}
    assert arrows(states, steps, lambda found: type(found).__name__.lower()) == drawn(
        """
                  open  not_rated
        unopened  open  open
        open      .     -
        """
    )


CALCULATED = BonusCalculated(subject=MAY, amount=Fen(120_000), used=(), explanation={}, scheme="bonus.anchor:1")
PAID = BonusPaid(subject=MAY, amount=Fen(120_000), paid_on=date(2024, 6, 5))
TAKEN = BonusDeducted(subject=MAY, deduction="penalty/p7", amount=Fen(20_000))
LOWER = BonusAdjusted(
    subject=MAY,
    version=2,
    amount=Fen(100_000),
    difference=Fen(-20_000),
    standing=Standing.PROPOSED,
    month=Month("2024-06"),
    causes=(),
    used=(),
    explanation={},
)


def owed(bonus: Bonus) -> str:
    determined = bonus.determined
    if determined is None:
        return "deducted" if bonus.deductions else "none"
    if determined.open:
        return "lower"
    return "paid" if determined.paid == determined.owed else "calculated"


@pytest.mark.clause("O-108", "S-45", "R3", "R6")
def test_a_bonus() -> None:
    """Calculated, paid once; a deduction comes before; a lower amount waits for a person."""
    published = [opened(), completed(score="78.40")]
    states = {
        "none": month(facts=published),
        "deducted": month(TAKEN, facts=[*published, TAKEN]),
        "calculated": month(CALCULATED, facts=published),
        "paid": month(CALCULATED, PAID, facts=published),
    }
    steps = {
        "calculate": step(CALCULATE, by="system", now=JUNE_6),
        "deduct": step(DeductBonus(subject=MAY, deduction="penalty/p8", amount=Fen(1)), by="system"),
        "give_back": step(WithdrawBonusDeduction(subject=MAY, deduction="penalty/p7"), by="system"),
        "pay": step(RecordBonusPaid(subject=MAY, amount=Fen(120_000), paid_on=date(2024, 6, 5)), by="f", now=JUNE_6),
        "decide": step(DecideBonusReduction(subject=MAY, version=2, stands=True, reason="yes"), by="f", now=JUNE_6),
    }
    assert arrows(states, steps, owed) == drawn(
        """
                    calculate   deduct    give_back  pay   decide
        none        calculated  deducted  -          -     -
        deducted    calculated  deducted  deducted   -     -
        calculated  .           -         -          paid  -
        paid        .           -         -          -     -
        """
    )
    waits = month(CALCULATED, LOWER, facts=published)
    (settled,) = steps["decide"](waits).events
    steps["decide"](month(CALCULATED, LOWER, settled, facts=published)).refused("bonus.nothing_to_decide")
    steps["deduct"](waits).refused("bonus.already_determined")


@pytest.mark.clause("A-59", "R7")
def test_a_priority() -> None:
    """Held where it stands, ended where its run is gone; from the end another run leads out."""
    (granted,) = after(GOOD).when(DETERMINE, by="system").events
    open_, gone = [*GOOD, objected(5)], [*GOOD, worse(5)]
    (held,) = after(open_, granted).when(DETERMINE, by="system").events
    (end,) = after(gone, granted).when(DETERMINE, by="system").events

    def heard(events: list[Any]) -> Any:
        return lambda there: after(events, *there.history).when(DETERMINE, by="system")

    states = {"none": after(()), "granted": after(GOOD, granted), "held": after(open_, granted, held)}
    steps = {
        "three": heard(GOOD),
        "objected": heard(open_),
        "answered": heard([*open_, resolved(5)]),
        "worse": heard(gone),
    }
    table = """
                 three    objected  answered  worse
        none     granted  .         granted   .
        granted  .        held      .         none
        held     granted  .         granted   none
        """
    assert arrows(states, steps, priority) == drawn(table)
    states["none"] = after(gone, granted, end)
    assert arrows(states, steps, priority) == drawn(table)


def priority(found: Priority) -> str:
    return "held" if found.held else "granted" if found.granted else "none"


@pytest.mark.clause("S-29")
def test_a_ticket() -> None:
    """Received, handled, fed back, followed up: a complaint goes every step, an inquiry may go without the third. What
    it is about, and how it was solved, is corrected wherever it stands."""
    inquiry = replace(OPENED, kind=TicketKind.INQUIRY)
    steps = {
        "open": step(COMPLAINT, **BY_SERVICE),
        "resolve": step(RESOLVE, **BY_SERVICE),
        "rate": step(replace(RESOLVE, satisfaction=5), **BY_SERVICE),
        "feed_back": step(FEED_BACK, **BY_SERVICE),
        "follow_up": step(FOLLOW_UP, **BY_SERVICE),
        "reopen": step(REOPEN, **BY_SERVICE),
    }

    def of(opened: CustomerTicketOpened) -> dict[str, Given[Any, Any, Any]]:
        history = (opened, RESOLVED, FED_BACK, FOLLOWED_UP)
        names = ("none", "open", "resolved", "fed_back", "followed_up")
        return {name: given(tickets, *history[:n]) for n, name in enumerate(names)}

    assert arrows(of(OPENED), steps, stage_of) == drawn(
        """
                     open         resolve   rate         feed_back    follow_up    reopen
        none         open         -         -            -            -            -
        open         .            resolved  resolved     -            -            .
        resolved     .            .         resolved     fed_back     -            open
        fed_back     .            .         fed_back     .            followed_up  open
        followed_up  .            .         followed_up  .            .            -
        """
    )
    assert arrows(of(inquiry), steps, stage_of) == drawn(
        """
                     open         resolve   rate         feed_back    follow_up    reopen
        none         open         -         -            -            -            -
        open         open         resolved  resolved     -            -            .
        resolved     resolved     .         resolved     fed_back     followed_up  open
        fed_back     fed_back     .         fed_back     .            followed_up  open
        followed_up  followed_up  .         followed_up  .            .            -
        """
    )
