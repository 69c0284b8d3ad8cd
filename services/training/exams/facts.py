"""Which chains of a person have ended: what makes a later session of a course its retraining, and which one.

Clause: T-54; ruling R1; C-14.
"""

from collections.abc import Iterator
from datetime import date

from services.training.exams.chain import State, evolve
from services.training.exams.events import Event
from services.vocabulary import CourseId, PersonId, SessionId
from shared.facts import Facts, Known
from shared.value import value


@value
class Examinee:
    person: PersonId


@value
class EndedChain:
    """Passed, or failed for good."""

    session: SessionId
    course: CourseId
    cycle: int
    last_on: date  # the last day on which an exam of it was sat or missed
    passed: bool
    limited: bool  # failed, after as many retrainings as the organisation allows


@value
class ExamHistory:
    ended: tuple[EndedChain, ...]  # by their last day

    def failed_before(self, course: CourseId, day: date) -> EndedChain | None:
        """The chain that a session of the course on that day trains again; none where the last that had ended then
        was passed."""
        ended = [chain for chain in self.ended if chain.course == course and chain.last_on < day]
        return ended[-1] if ended and not ended[-1].passed else None


def about(event: Event) -> tuple[str, str]:
    return event.person, event.session


def subjects(event: Event) -> list[Examinee]:
    return [Examinee(person=event.person)]


def history(subject: Examinee, known: Known[Event]) -> ExamHistory:
    return ExamHistory(ended=tuple(sorted(ended(known), key=lambda chain: (chain.last_on, chain.session))))


def ended(known: Known[Event]) -> Iterator[EndedChain]:
    for words in known.words().values():
        chain: State = None
        for word in words:
            chain = evolve(chain, word.event)
        if chain is not None and chain.turn is None:
            yield EndedChain(
                session=words[0].event.session,
                course=chain.course,
                cycle=chain.cycle,
                last_on=chain.last_on,
                passed=chain.passed,
                limited=chain.limited,
            )


exam_history: Facts[Examinee, Event, ExamHistory] = Facts(
    name="exam_history", about=about, subjects=subjects, result=history
)
