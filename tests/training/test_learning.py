from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from services.training.learning.decisions import RecordLearningProgress, learning
from services.training.learning.events import LearningProgressRecorded
from services.training.sessions.decisions import State as Session
from services.training.sessions.decisions import sessions
from services.training.sessions.events import Method
from services.vocabulary import PersonId
from shared.testing import Given, given
from tests.training.recorded import DELIVERED, ENROLLED, LAWS, LAWS_MAY, LI, SCHEDULED, START

ONLINE = replace(SCHEDULED, method=Method.ONLINE, ends_at=START + timedelta(days=30))
OPEN = sessions.state([ONLINE, ENROLLED])


def at(session: Session) -> Given[RecordLearningProgress, LearningProgressRecorded | None, LearningProgressRecorded]:
    return given(learning).seeing(sessions, LAWS_MAY, found=session)


def record(percent: int, person: PersonId = LI) -> RecordLearningProgress:
    return RecordLearningProgress(session=LAWS_MAY, person=person, percent=Decimal(percent))


def recorded(percent: int) -> LearningProgressRecorded:
    return LearningProgressRecorded(session=LAWS_MAY, course=LAWS, person=LI, percent=Decimal(percent))


@pytest.mark.clause("T-42")
def test_the_trainee_learns_at_his_own_time_and_pace() -> None:
    (
        at(OPEN)
        .when(record(10), by=LI, now=START)
        .then(recorded(10))
        .when(record(80), by=LI, now=START + timedelta(days=20, hours=15))
        .then(recorded(80))
        .when(record(80), by=LI, now=START + timedelta(days=21))
        .then()
        .when(record(70), by=LI, now=START + timedelta(days=21))
        .refused("learning.went_back", percent=Decimal(80))
    )


@pytest.mark.clause("T-42")
def test_only_an_online_session_is_self_paced() -> None:
    at(sessions.state([SCHEDULED, ENROLLED])).when(record(10), now=START).refused("learning.not_online")


def test_learning_is_of_the_enrolled_while_the_session_is_open() -> None:
    at(OPEN).when(record(10, PersonId("zhao")), now=START).refused("learning.not_enrolled", person="zhao")
    at(OPEN).when(record(10), now=START - timedelta(seconds=1)).refused("learning.not_open", starts_at=START)
    at(sessions.state([ONLINE, ENROLLED, DELIVERED])).when(record(10), now=START).refused("learning.not_open")
    at(sessions.state([])).when(record(10), now=START).refused("learning.not_open")
