"""What may happen to an exam, and what follows. Clauses: T-50 to T-54; C-09, C-14; rulings R1, R7."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce

from services.calendar import Day
from services.deciding import check_not_the_subject
from services.objection import ObjectionRules, window_ends
from services.training.attendance.decisions import Attended, attendance
from services.training.courses.decisions import Course, courses
from services.training.courses.events import AssessmentStandardSet
from services.training.exams.chain import Chain, Sat, State, changed, evolve, two_places
from services.training.exams.events import (
    AssessmentMethod,
    Attempt,
    Event,
    ExamAbsenceRecorded,
    ExamGraded,
    ExamObjectionResolved,
    ExamObjectionWithdrawn,
    ExamRegraded,
    ExamScheduled,
    Grade,
    MakeUpDeadlinePassed,
    MakeUpExamGranted,
    MakeUpExamWithdrawn,
    RetrainingLimitReached,
    RetrainingRequired,
    RetrainingWithdrawn,
)
from services.training.exams.facts import Examinee, exam_history
from services.training.exams.objections import (
    EscalateObjection,
    Object,
    RaiseObjection,
    ResolveObjection,
    WithdrawObjection,
    object_to,
)
from services.training.rules import Chance, TrainingRules
from services.vocabulary import CourseId, PersonId, Score, SessionId, day
from shared.decider import Context, Decider, Refused, Sight, look
from shared.value import value


@value
class ScheduleExam:
    """The attempt that is due: the first exam, or the make-up."""

    person: PersonId
    session: SessionId
    held_on: Day
    method: AssessmentMethod = AssessmentMethod.EXAM
    retrains: SessionId | None = None  # the failed session that this later one trains again (T-54); none: as is known


@value
class GradeExam:
    """Of the scheduled exam, in percent of what could be reached."""

    person: PersonId
    session: SessionId
    course: CourseId
    score: Score
    held_on: Day | None = None  # none: on the day for which it was scheduled


@value
class RegradeExam:
    """Corrects a mark, by the standard of the first grading."""

    person: PersonId
    session: SessionId
    course: CourseId
    attempt: Attempt
    score: Score


@value
class RecordExamAbsence:
    """The same absence again, now excused, corrects it."""

    person: PersonId
    session: SessionId
    held_on: Day
    excused: bool


@value
class EndMakeUpTerm:
    """The deadline of the make-up has passed."""

    person: PersonId
    session: SessionId
    due_on: Day


Command = (
    ScheduleExam | GradeExam | RegradeExam | RecordExamAbsence | EndMakeUpTerm
    | RaiseObjection | ResolveObjection | WithdrawObjection | EscalateObjection
)  # fmt: skip


def decide(command: Command, state: State, context: Context) -> list[Event]:  # noqa: PLR0911  one for each command
    match command, state:
        case ScheduleExam(), None:
            return open_chain(command, context)
        case ScheduleExam(), Chain():
            return schedule(command, state, context)
        case GradeExam(), Chain():
            return grade(command, state, context)
        case RegradeExam(), Chain():
            return regrade(command, state, context)
        case RecordExamAbsence(), Chain():
            return record_absence(command, state, context)
        case EndMakeUpTerm(), Chain():
            return end_make_up_term(command, state, context)
        case RaiseObjection() | ResolveObjection() | WithdrawObjection() | EscalateObjection(), Chain():
            return objected(command, state, context)
        case _:
            raise Refused("exam.not_scheduled", session=command.session, next="schedule the exam first")


# Scheduling


def open_chain(command: ScheduleExam, context: Context) -> list[Event]:
    attended = attended_session(command, context)
    if command.held_on < day(attended.held_at):
        raise Refused("exam.before_training", held_at=attended.held_at, next="assess after the training (T-50)")
    return [scheduled(command, attended, Attempt.FIRST, *retrained(command, attended, context))]


def schedule(command: ScheduleExam, chain: Chain, context: Context) -> list[Event]:
    if chain.scheduled is not None:
        if (chain.scheduled.held_on, chain.scheduled.method) == (command.held_on, command.method):
            return []
        raise Refused("exam.already_scheduled", held_on=chain.scheduled.held_on, next="grade it, or record the absence")
    if chain.turn is None:
        raise ended(chain)
    if command.retrains not in {None, chain.retrains}:
        raise Refused("exam.chain_began_otherwise", retrains=chain.retrains, next="leave retrains out")
    if command.held_on <= chain.last_on:
        raise Refused("exam.not_later", last_on=chain.last_on, next="give a day after the last exam of the chain")
    late = chain.due_on is not None and command.held_on > chain.due_on and not chain.contested
    if chain.turn is Attempt.MAKE_UP and late and rules(chain, context).make_up.after_deadline is Chance.LOST:
        raise Refused("exam.after_deadline", due_on=chain.due_on, next="give a day until the deadline")
    return [scheduled(command, attended_session(command, context), chain.turn, chain.retrains, chain.cycle)]


def scheduled(
    command: ScheduleExam, attended: Attended, attempt: Attempt, retrains: SessionId | None, cycle: int
) -> ExamScheduled:
    return ExamScheduled(
        person=command.person,
        session=command.session,
        course=attended.course,
        attempt=attempt,
        held_on=command.held_on,
        method=command.method,
        retrains=retrains,
        cycle=cycle,
    )


def attended_session(command: ScheduleExam, context: Context) -> Attended:
    """R1: only who attended is examined."""
    attended = context.state(attendance, command.session, command.person)
    if not isinstance(attended, Attended):
        raise Refused("exam.not_attended", session=command.session, next="only who signed in to a session is examined")
    return attended


def retrained(command: ScheduleExam, attended: Attended, context: Context) -> tuple[SessionId | None, int]:
    """The failed session that this one trains again, and the how-manieth retraining of the course that is (C-14).

    T-54: a session of the course after the failed make-up is its retraining, whether the command names it or not, so
    the limit holds for both. What is named is looked up in its stream. What is not named is found among the person's
    chains as far as they have been gathered: of a make-up that was graded a moment ago nothing may be known yet.
    """
    trained_on = day(attended.held_at)
    last = exam_history(Examinee(person=command.person), context).failed_before(attended.course, trained_on)
    if command.retrains is None:
        if last is None:
            return None, 0
        if last.limited:
            raise limit_reached(last.cycle)
        return last.session, last.cycle + 1
    failed = context.state(exams, command.person, command.retrains)
    if failed is None or not failed.needs_retraining:
        raise Refused("exam.retraining_not_required", session=command.retrains, next="leave retrains out")
    if failed.limited:
        raise limit_reached(failed.cycle)
    if failed.course != attended.course:
        raise Refused("exam.other_course", course=failed.course, next="train the same course again")
    if trained_on <= failed.last_on:
        raise Refused("exam.not_a_later_session", failed_on=failed.last_on, next="attend a session after that day")
    if last is not None and last.last_on > failed.last_on:
        raise Refused("exam.failed_since", session=last.session, next="name the session that was failed last")
    return command.retrains, failed.cycle + 1


def ended(chain: Chain) -> Refused:
    if chain.passed:
        return Refused("exam.already_passed", next="another session has a chain of its own")
    if chain.limited:
        return limit_reached(chain.cycle)
    return Refused("exam.retraining_required", next="attend a later session and schedule its exam")


def limit_reached(cycles: int) -> Refused:
    return Refused("exam.retraining_limit_reached", cycles=cycles, next="people decide what follows")


# Grading


def grade(command: GradeExam, chain: Chain, context: Context) -> list[Event]:
    check_not_the_subject("exam", command.person, context)
    score = two_places(command.score)
    exam = chain.scheduled
    if exam is None:
        if repeats(command.held_on, score, chain):
            return []
        if chain.turn is None:
            raise ended(chain)
        raise Refused("exam.not_scheduled", attempt=chain.turn, next="schedule it first")
    held_on = command.held_on or exam.held_on
    if held_on > context.today:
        raise Refused("exam.not_yet_held", held_on=held_on, next="grade it once it was held")
    if held_on < exam.held_on:
        raise Refused("exam.before_schedule", held_on=exam.held_on, next="give that day, or a later one")
    standard = assessed(command, chain, context).in_force(context.today)
    if standard is None:
        raise standard_not_set(command.course)
    result = ExamGraded(
        person=command.person,
        session=command.session,
        course=chain.course,
        attempt=exam.attempt,
        held_on=held_on,
        score=score,
        grade=grade_of(score, standard),
        standard=standard.version,
        began_on=chain.began_on,
        grader=context.actor,
        objections_until=window_ends(context.today, objection_rules(chain, context)),
    )
    return with_consequences(result, chain, context)


def repeats(held_on: date | None, score: Decimal, chain: Chain) -> bool:
    """Told once more what was told last. Without a day it could be the mark of a make-up that is still to come."""
    last = chain.make_up or chain.first
    if not isinstance(last, Sat) or last.score != score:
        return False
    return held_on == last.held_on or (held_on is None and chain.turn is None)


def regrade(command: RegradeExam, chain: Chain, context: Context) -> list[Event]:
    check_not_the_subject("exam", command.person, context)
    score = two_places(command.score)
    before = chain.outcome(command.attempt)
    if not isinstance(before, Sat):
        raise Refused("exam.not_graded", attempt=command.attempt, next="grade it first")
    standard = assessed(command, chain, context).standard(before.standard)
    if score == before.score:
        return []
    correction = ExamRegraded(
        person=command.person,
        session=command.session,
        course=chain.course,
        attempt=command.attempt,
        held_on=before.held_on,
        score=score,
        grade=grade_of(score, standard),
        standard=standard.version,
        began_on=chain.began_on,
        grader=context.actor,
        objections_until=window_ends(context.today, objection_rules(chain, context)),
    )
    return with_consequences(correction, chain, context)


def assessed(command: GradeExam | RegradeExam, chain: Chain, context: Context) -> Course:
    if command.course != chain.course:
        raise Refused("exam.other_course", course=chain.course, next="name the course of the session")
    course = context.state(courses, command.course)
    if course is None:
        raise standard_not_set(command.course)
    return course


def standard_not_set(course: CourseId) -> Refused:
    """T-51: a standard precedes grading."""
    return Refused("standard.not_set", course=course, next="set the assessment standard of the course first")


def grade_of(score: Decimal, standard: AssessmentStandardSet) -> Grade:
    """The four grades (T-52); each edge belongs to the better one."""
    if score >= standard.excellent:
        return Grade.EXCELLENT
    if score >= standard.good:
        return Grade.GOOD
    return Grade.PASS if score >= standard.passing else Grade.FAIL


# Not sitting an exam


def record_absence(command: RecordExamAbsence, chain: Chain, context: Context) -> list[Event]:
    """An excuse keeps the chance; without one the organisation's policy decides."""
    check_not_the_subject("exam", command.person, context)
    exam, known = chain.scheduled, chain.absence
    if exam is not None and exam.held_on == command.held_on:
        if command.held_on > context.today:
            raise Refused("exam.not_yet_held", held_on=command.held_on, next="record the absence after that day")
        attempt = exam.attempt
    elif known is not None and known.held_on == command.held_on:
        if known.excused == command.excused:
            return []
        if known.excused or isinstance(chain.outcome(known.attempt), Sat) or isinstance(chain.make_up, Sat):
            raise Refused("exam.absence_settled", held_on=known.held_on, next="an excuse counts until the next exam")
        attempt = known.attempt
    else:
        raise Refused("exam.not_scheduled", held_on=command.held_on, next="name the day for which it was scheduled")
    absence = ExamAbsenceRecorded(
        person=command.person,
        session=command.session,
        course=chain.course,
        attempt=attempt,
        held_on=command.held_on,
        excused=command.excused,
        chance_lost=not command.excused and rules(chain, context).exam_absence.unexcused is Chance.LOST,
    )
    return with_consequences(absence, chain, context)


def end_make_up_term(command: EndMakeUpTerm, chain: Chain, context: Context) -> list[Event]:
    """Nothing passes where the make-up is arranged for a day in time, or was sat, or is owed no longer (P-07), nor
    while the fail is objected to (R7)."""
    arranged = chain.scheduled is not None and chain.scheduled.held_on <= command.due_on
    if chain.contested or chain.turn is not Attempt.MAKE_UP or chain.due_on != command.due_on or arranged:
        return []
    passed = MakeUpDeadlinePassed(
        person=command.person,
        session=command.session,
        course=chain.course,
        due_on=command.due_on,
        chance_lost=rules(chain, context).make_up.after_deadline is Chance.LOST,
    )
    return with_consequences(passed, chain, context)


# Objected to


def objected(command: Object, chain: Chain, context: Context) -> list[Event]:
    """The mark is corrected before the objection is resolved: what is held is not let go in between."""
    sat = chain.outcome(command.attempt)
    if not isinstance(sat, Sat):
        raise Refused("exam.not_graded", attempt=command.attempt, next="object to a mark")
    said = object_to(command, chain, sat, objection_rules(chain, context), context)
    events = list[Event]()
    for word in said:
        if isinstance(command, ResolveObjection) and isinstance(word, ExamObjectionResolved):
            events += corrected(command, word, chain, context)
        events.append(word)
    ended = any(isinstance(word, ExamObjectionResolved | ExamObjectionWithdrawn) for word in said)
    return [*events, *(resumed(command, reduce(changed, events, chain), context) if ended else ())]


def corrected(
    command: ResolveObjection, resolved: ExamObjectionResolved, chain: Chain, context: Context
) -> list[Event]:
    regrading = [
        RegradeExam(
            person=command.person,
            session=command.session,
            course=command.course,
            attempt=command.attempt,
            score=Decimal(correction.now),
        )
        for correction in resolved.told.corrections
    ]
    return [event for one in regrading for event in regrade(one, chain, context)]


def resumed(command: Object, chain: Chain, context: Context) -> list[Event]:
    """The term of a make-up begins anew: it stood still while the fail was objected to."""
    if chain.contested or chain.turn is not Attempt.MAKE_UP or chain.due_on is None:
        return []
    due_on = make_up_deadline(chain, context)
    return [MakeUpExamGranted(person=command.person, session=command.session, course=chain.course, due_on=due_on)]


def objection_rules(chain: Chain, context: Context) -> ObjectionRules:
    return context.policy(ObjectionRules, on=chain.began_on)


# What follows


def with_consequences(event: Event, before: Chain, context: Context) -> list[Event]:
    """One make-up for a fail (T-53), training again for a failed make-up (T-54); a correction takes back what no
    longer follows (R1)."""
    after = changed(before, event)
    events = [event]
    if before.granted and not after.earns_make_up:
        events.append(MakeUpExamWithdrawn(person=event.person, session=event.session, course=event.course))
    if after.earns_make_up and not before.earns_make_up and after.make_up is None:
        due_on = make_up_deadline(after, context)
        events.append(MakeUpExamGranted(person=event.person, session=event.session, course=event.course, due_on=due_on))
    if before.needs_retraining and not after.needs_retraining:
        events.append(RetrainingWithdrawn(person=event.person, session=event.session, course=event.course))
    if after.needs_retraining and not before.needs_retraining:
        events.append(retraining(event, after, context))
    return events


def make_up_deadline(chain: Chain, context: Context) -> date | None:
    due_days = rules(chain, context).make_up.due_days
    return context.today + timedelta(days=int(due_days.amount)) if due_days else None


def retraining(event: Event, chain: Chain, context: Context) -> RetrainingRequired | RetrainingLimitReached:
    limit = rules(chain, context).retraining.max_cycles
    person, session, course = event.person, event.session, event.course
    if limit is not None and chain.cycle >= limit.amount:
        return RetrainingLimitReached(person=person, session=session, course=course, cycles=chain.cycle)
    return RetrainingRequired(person=person, session=session, course=course, cycle=chain.cycle + 1)


def rules(chain: Chain, context: Context) -> TrainingRules:
    """In force when the chain began: what follows from an exam does not change under the trainee's feet."""
    return context.policy(TrainingRules, on=chain.began_on)


def sees(command: Command) -> Sequence[Sight]:
    match command:
        case ScheduleExam():
            named = [look(exams, command.person, command.retrains)] if command.retrains is not None else []
            known = look(exam_history, Examinee(person=command.person))
            return [look(attendance, command.session, command.person), known, *named]
        case GradeExam() | RegradeExam() | ResolveObjection():
            return [look(courses, command.course)]
        case _:
            return []


exams: Decider[Command, State, Event] = Decider(
    name="exam",
    key=lambda command: (command.person, command.session),
    initial=lambda: None,
    decide=decide,
    evolve=evolve,
    sees=sees,
)
