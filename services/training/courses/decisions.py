"""Designing a course and setting its assessment standard. Clauses: T-34 to T-39, T-51."""

from dataclasses import replace
from datetime import date
from typing import Annotated

from annotated_types import Len

from services.training.courses.events import AssessmentStandardSet, ContentArea, CourseDesigned, Event
from services.vocabulary import CourseId, Score, Text
from shared.decider import Context, Decider, Refused
from shared.value import value


@value
class DesignCourse:
    course: CourseId
    title: Text
    areas: Annotated[tuple[ContentArea, ...], Len(1, 6)]


@value
class SetAssessmentStandard:
    """In force from the day on which it is set; never for what was graded before."""

    course: CourseId
    excellent: Score
    good: Score
    passing: Score


Command = DesignCourse | SetAssessmentStandard


@value
class Course:
    design: CourseDesigned
    standards: tuple[AssessmentStandardSet, ...] = ()  # by version, from 1

    def in_force(self, on: date) -> AssessmentStandardSet | None:
        return max((s for s in self.standards if s.set_on <= on), key=lambda s: (s.set_on, s.version), default=None)

    def standard(self, version: int) -> AssessmentStandardSet:
        return self.standards[version - 1]


State = Course | None  # none: not designed yet


def decide(command: Command, state: State, context: Context) -> list[Event]:
    match command, state:
        case DesignCourse(), _:
            design = CourseDesigned(
                course=command.course, title=command.title, areas=tuple(sorted(set(command.areas), key=str))
            )
            return [] if state and state.design == design else [design]
        case SetAssessmentStandard(), Course():
            return set_standard(command, state, context.today)
        case _:
            raise Refused("course.not_designed", course=command.course, next="design the course first")


def set_standard(command: SetAssessmentStandard, course: Course, today: date) -> list[Event]:
    """T-51. Every set of bands is a version of its own, for what was graded by another keeps that one."""
    if not 0 < command.passing <= command.good <= command.excellent:
        raise Refused("standard.bands_overlap", next="excellent is not below good, good not below passing, passing > 0")
    standard = AssessmentStandardSet(
        course=command.course,
        version=len(course.standards) + 1,
        excellent=command.excellent,
        good=command.good,
        passing=command.passing,
        set_on=today,
    )
    current = course.in_force(today)
    if current and current == replace(standard, version=current.version, set_on=current.set_on):
        return []
    return [standard]


def evolve(state: State, event: Event) -> State:
    match event:
        case CourseDesigned():
            return replace(state, design=event) if state else Course(design=event)
        case AssessmentStandardSet():
            course = designed(state)
            return replace(course, standards=(*course.standards, event))


def designed(state: State) -> Course:
    """A log in which a standard precedes its course was not written by `decide`."""
    if state is None:
        raise ValueError("a standard without a course")
    return state


courses: Decider[Command, State, Event] = Decider(
    name="course",
    key=lambda command: (command.course,),
    initial=lambda: None,
    decide=decide,
    evolve=evolve,
)
