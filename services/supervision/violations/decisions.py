"""What makes a violation, and what takes it back. Clauses: A-60, A-61, T-66, T-67; C-13; rulings R1, R2, R3, R7."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any

from annotated_types import Len
from pydantic import StringConstraints

from services.calendar import Day
from services.deciding import check_not_the_subject
from services.supervision.violations.events import (
    AttemptContested,
    AttemptJudged,
    Event,
    Severity,
    ViolationCauseRecorded,
    ViolationKind,
    ViolationRecorded,
    ViolationWithdrawn,
)
from services.supervision.violations.facts import examine, monthly_figures, moved, reviewed, window
from services.supervision.violations.rules import FailedAssessment, PenaltyTrigger
from services.training.contracts import Attempt
from services.vocabulary import Month, PersonId, PersonMonth, SessionId, Text, first_day
from shared.decider import Context, Decider, Refused, Sight, look
from shared.privacy import Note
from shared.value import value

Evidence = Annotated[tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...], Len(1, 50)]


@value
class RecordViolation:
    """What no fact of another kind tells: being late, leaving early, a serious error. With what shows it (A-06)."""

    person: PersonId
    kind: ViolationKind
    occasion: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    occurred_on: Day
    evidence: Evidence
    severity: Severity | None = None
    note: Note | None = None


@value
class WithdrawViolation:
    person: PersonId
    kind: ViolationKind
    occasion: str
    cause: Text


@value
class RecordCause:
    """That ineffective work caused the complaints, or the decline, of the month (A-61)."""

    person: PersonId
    month: Month
    finding: Note


@value
class DropViolation:
    """An objection to its penalty was upheld, by the handler."""

    person: PersonId
    kind: ViolationKind
    occasion: str
    handler: PersonId


@value
class JudgeAbsence:
    """From a session, as it was recorded or corrected."""

    person: PersonId
    session: SessionId
    held_on: date
    excused: bool
    noticed: bool
    corrected: bool


@value
class JudgeExam:
    """An attempt of the chain of a person and a session, as it was graded or regraded."""

    person: PersonId
    session: SessionId
    attempt: Attempt
    failed: bool
    held_on: date
    began_on: date
    corrected: bool


@value
class ContestExam:
    """An objection to the mark of an attempt was raised, or has ended."""

    person: PersonId
    session: SessionId
    attempt: Attempt
    version: int
    began_on: date
    open: bool


@value
class ExamineMonth:
    """The figures of an assistant anchor's month, or those that they are compared with, are there or have changed."""

    person: PersonId
    month: Month


Command = (
    RecordViolation | WithdrawViolation | DropViolation | RecordCause | JudgeAbsence | JudgeExam | ContestExam
    | ExamineMonth
)  # fmt: skip

TOLD_BY_FACTS = {
    ViolationKind.UNEXCUSED_TRAINING_ABSENCE: "record or correct the absence in training",
    ViolationKind.TRAINING_ASSESSMENT_FAILED: "grade or regrade the exam in training",
    ViolationKind.POOR_PERFORMANCE: "record or correct the figures of the streams",
}


@value
class Attempts:
    """The last word about each attempt of a chain of exams, and which versions of their marks are objected to."""

    first: AttemptJudged | None = None
    make_up: AttemptJudged | None = None
    contested: frozenset[tuple[Attempt, int]] = frozenset()

    def then(self, told: AttemptJudged | AttemptContested) -> "Attempts":
        match told:
            case AttemptContested():
                other = self.contested - {(told.attempt, told.version)}
                return replace(self, contested=other | {(told.attempt, told.version)} if told.open else other)
            case AttemptJudged(attempt=Attempt.FIRST):
                return replace(self, first=told)
            case AttemptJudged():
                return replace(self, make_up=told)

    @property
    def failed_on(self) -> date | None:
        """The day of the make-up, where it was a fail and there was one to make up."""
        failed = self.first and self.make_up and self.first.failed and self.make_up.failed
        return self.make_up.held_on if failed and self.make_up else None


@value
class NotRecorded:
    attempts: Attempts = Attempts()


@value
class Standing:
    recorded: ViolationRecorded
    caused: ViolationCauseRecorded | None = None
    attempts: Attempts = Attempts()


@value
class Withdrawn:
    told: ViolationWithdrawn
    attempts: Attempts = Attempts()


State = NotRecorded | Standing | Withdrawn


def decide(command: Command, state: State, context: Context) -> list[Event]:  # noqa: PLR0911 one for each command
    match command:
        case RecordViolation():
            return record(command, state, context)
        case WithdrawViolation() | RecordCause():
            return amend(command, state, context)
        case DropViolation():
            return drop(command, state)
        case JudgeAbsence():
            return judge_absence(command, state)
        case JudgeExam():
            return judge_exam(command, state, context)
        case ContestExam():
            return contest_exam(command, state, context)
        case ExamineMonth():
            return examine_month(PersonMonth(person=command.person, month=command.month), state, context)


def amend(command: WithdrawViolation | RecordCause, state: State, context: Context) -> list[Event]:
    check_not_the_subject("violation", command.person, context)
    match command, state:
        case WithdrawViolation(), Standing():
            return [withdrawn(command.person, command.kind, command.occasion, command.cause, context.actor)]
        case WithdrawViolation(), Withdrawn() if state.told.cause == command.cause:
            return []
        case RecordCause(), Standing():
            return record_cause(command, state, context)
        case _:
            raise Refused("violation.not_standing", next="look at the register: it is not recorded, or was withdrawn")


def drop(command: DropViolation, state: State) -> list[Event]:
    """For good: the facts that told it do not bring it back (R7)."""
    if not isinstance(state, Standing):
        return []
    cause = "an objection to its penalty was upheld"
    return [withdrawn(command.person, command.kind, command.occasion, cause, command.handler)]


def record(command: RecordViolation, state: State, context: Context) -> list[Event]:
    if command.kind in TOLD_BY_FACTS:
        raise Refused("violation.told_by_facts", kind=command.kind, next=TOLD_BY_FACTS[command.kind])
    recorded = ViolationRecorded(
        person=command.person,
        kind=command.kind,
        occasion=command.occasion,
        occurred_on=command.occurred_on,
        ruled_on=command.occurred_on,
        recorder=context.actor,
        capacity=context.capacity,
        severity=command.severity,
        evidence=command.evidence,
        note=command.note,
    )
    if not isinstance(state, Standing):
        return [recorded]
    if state.recorded == recorded:
        return []
    raise Refused("violation.recorded_already", next="withdraw it and record it again, or name another occasion")


def record_cause(command: RecordCause, state: Standing, context: Context) -> list[Event]:
    found = ViolationCauseRecorded(
        person=command.person,
        kind=ViolationKind.POOR_PERFORMANCE,
        occasion=command.month,
        recorder=PersonId(context.actor),
        capacity=context.capacity,
        finding=command.finding,
    )
    return [] if state.caused == found else [found]


def judge_absence(command: JudgeAbsence, state: State) -> list[Event]:
    """Nothing follows from an absence of which he had no notice, or that was excused (R2)."""
    recorded = told_by_fact(
        command.person,
        ViolationKind.UNEXCUSED_TRAINING_ABSENCE,
        command.session,
        occurred_on=command.held_on,
        ruled_on=command.held_on,
        corrected=command.corrected,
    )
    violated = command.noticed and not command.excused
    return [
        *settle(state, recorded if violated else None, "the absence is excused, or he had no notice of the session")
    ]


def judge_exam(command: JudgeExam, state: State, context: Context) -> list[Event]:
    """Once a chain, for the fail that the policy names (R1)."""
    match context.policy(FailedAssessment, on=command.began_on).penalty_trigger:
        case PenaltyTrigger.FIRST_FAIL if command.attempt is Attempt.FIRST:
            return settle_exam(command, state, command.held_on if command.failed else None)
        case PenaltyTrigger.FIRST_FAIL:
            return []
        case PenaltyTrigger.AFTER_MAKE_UP:
            return judge_chain(command, state)


def judge_chain(command: JudgeExam, state: State) -> list[Event]:
    """A failed make-up counts as long as the first exam is a fail: where that was none, there was nothing to make up.
    A pass takes back what the other attempt may yet bring again."""
    judged = AttemptJudged(
        person=command.person,
        session=command.session,
        attempt=command.attempt,
        failed=command.failed,
        held_on=command.held_on,
    )
    attempts = state.attempts.then(judged)
    told = [] if attempts == state.attempts else [judged]
    return [*told, *settle_exam(command, state, attempts.failed_on)]


def contest_exam(command: ContestExam, state: State, context: Context) -> list[Event]:
    """The mark of a make-up does not matter where the first fail decides."""
    trigger = context.policy(FailedAssessment, on=command.began_on).penalty_trigger
    if trigger is PenaltyTrigger.FIRST_FAIL and command.attempt is not Attempt.FIRST:
        return []
    told = AttemptContested(
        person=command.person,
        session=command.session,
        attempt=command.attempt,
        version=command.version,
        open=command.open,
    )
    return [] if state.attempts.then(told) == state.attempts else [told]


def settle_exam(command: JudgeExam, state: State, failed_on: date | None) -> list[Event]:
    otherwise = f"the exam ({command.attempt}) is no fail"
    if failed_on is None:
        return [*settle(state, None, otherwise)]
    recorded = told_by_fact(
        command.person,
        ViolationKind.TRAINING_ASSESSMENT_FAILED,
        command.session,
        occurred_on=failed_on,
        ruled_on=command.began_on,
        corrected=command.corrected,
    )
    return [*settle(state, recorded, otherwise)]


def examine_month(subject: PersonMonth, state: State, context: Context) -> list[Event]:
    """Complaints and decline of one month are one violation (R3)."""
    if not reviewed(context.known(monthly_figures, subject)):
        return []
    reached = examine(subject, context)
    used = tuple(known for month in window(subject) for known in context.known(monthly_figures, month).ids)
    recorded = told_by_fact(
        subject.person,
        ViolationKind.POOR_PERFORMANCE,
        subject.month,
        occurred_on=first_day(moved(subject.month, 1)) - timedelta(days=1),
        ruled_on=first_day(subject.month),
        corrected=False,
        explanation=reached,
    )
    settled = settle(state, recorded if reached else None, "the figures of the month do not reach a threshold")
    return [replace(event, used=used) for event in settled]


def told_by_fact(
    person: PersonId,
    kind: ViolationKind,
    occasion: str,
    *,
    occurred_on: date,
    ruled_on: date,
    corrected: bool,
    explanation: Mapping[str, Any] | None = None,
) -> ViolationRecorded:
    return ViolationRecorded(
        person=person,
        kind=kind,
        occasion=occasion,
        occurred_on=occurred_on,
        ruled_on=ruled_on,
        recorder="",
        correction=corrected,
        explanation=explanation,
    )


def settle(
    state: State, violated: ViolationRecorded | None, otherwise: str
) -> Sequence[ViolationRecorded | ViolationWithdrawn]:
    """What the facts say now. What a person took back stays taken back."""
    match state:
        case Standing():
            told = state.recorded
            return [] if violated else [withdrawn(told.person, told.kind, told.occasion, otherwise)]
        case Withdrawn() if state.told.recorder:
            return []
        case _:
            return [violated] if violated else []


def withdrawn(
    person: PersonId, kind: ViolationKind, occasion: str, cause: str, recorder: str = ""
) -> ViolationWithdrawn:
    return ViolationWithdrawn(person=person, kind=kind, occasion=occasion, cause=cause, recorder=recorder)


def evolve(state: State, event: Event) -> State:
    match event:
        case AttemptJudged() | AttemptContested():
            return replace(state, attempts=state.attempts.then(event))
        case ViolationRecorded() if not isinstance(state, Standing):
            return Standing(recorded=event, attempts=state.attempts)
        case ViolationCauseRecorded() if isinstance(state, Standing):
            return replace(state, caused=event)
        case ViolationWithdrawn() if isinstance(state, Standing):
            return Withdrawn(told=event, attempts=state.attempts)
        case ViolationRecorded() | ViolationCauseRecorded() | ViolationWithdrawn():
            raise ValueError(f"{type(event).__name__} where a violation is {type(state).__name__}")


def key(command: Command) -> tuple[str, str, str]:
    match command:
        case RecordViolation() | WithdrawViolation() | DropViolation():
            return command.person, command.kind, command.occasion
        case RecordCause() | ExamineMonth():
            return command.person, ViolationKind.POOR_PERFORMANCE, command.month
        case JudgeAbsence():
            return command.person, ViolationKind.UNEXCUSED_TRAINING_ABSENCE, command.session
        case JudgeExam() | ContestExam():
            return command.person, ViolationKind.TRAINING_ASSESSMENT_FAILED, command.session


def sees(command: Command) -> list[Sight]:
    if isinstance(command, ExamineMonth):
        return [look(monthly_figures, one) for one in window(PersonMonth(person=command.person, month=command.month))]
    return []


violations: Decider[Command, State, Event] = Decider(
    name="violation", key=key, initial=NotRecorded, decide=decide, evolve=evolve, sees=sees
)
