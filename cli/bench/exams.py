"""What the benchmarks decide, store and fold: an exam is graded, again and again."""

from datetime import date
from decimal import Decimal

from shared.decider import Decider
from shared.event import Contract
from shared.value import value

TURNS = 10  # commands on one stream


@value
class Graded:
    person: str
    session: str
    score: Decimal
    grade: str
    held_on: date


@value
class Grade:
    person: str
    session: str
    score: Decimal
    held_on: date


def decide(command: Grade, attempts: int) -> list[Graded]:
    grade = "pass" if command.score >= 60 else "fail"
    return [
        Graded(
            person=command.person, session=command.session, score=command.score, grade=grade, held_on=command.held_on
        )
    ]


def evolve(attempts: int, event: Graded) -> int:
    return attempts + 1


exams = Decider(name="exam", key=lambda c: (c.person, c.session), initial=lambda: 0, decide=decide, evolve=evolve)
contract = Contract("bench", Graded)
TOPICS = dict.fromkeys(contract.topics, 6)


def asked(caller: int, turn: int, run: str) -> Grade:
    return Grade(
        person=f"{run}-{caller}", session=str(turn // TURNS), score=Decimal(55 + turn % 40), held_on=date(2026, 1, 9)
    )
