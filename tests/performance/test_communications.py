"""Communications and meetings. Clauses: S-25, S-26, S-28, O-10, O-76, O-78."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.performance.campaigns.decisions import campaigns
from services.performance.communications.decisions import LogCommunication, RecordMeeting, communications, meetings
from services.performance.communications.events import (
    Channel,
    CommunicationLogged,
    Counterpart,
    MeetingHeld,
    MeetingKind,
)
from services.performance.communications.projections import communications_logged, meetings_held
from services.performance.tasks.decisions import tasks
from services.performance.tasks.events import TaskId
from services.vocabulary import Month
from shared.testing import Given, given
from tests.http.serving import SERVICES, Served, in_memory, naming, served
from tests.performance.month import A, B
from tests.performance.test_campaigns import PROPOSED
from tests.performance.test_projections import rows
from tests.performance.test_work import ASSIGNED

NOW = datetime(2024, 5, 31, 17, tzinfo=UTC)  # 1 June in Asia/Shanghai
LOG = LogCommunication(
    communication="c1",
    held_at=NOW,
    channel=Channel.EMAIL,
    counterpart=Counterpart.PARTNER,
    parties=("The mall",),
    matter="prizes",
    important=True,
    written_reference="mail of 1 June",
)
LOGGED = CommunicationLogged(
    communication="c1",
    logged_by=A,
    held_at=NOW,
    channel=Channel.EMAIL,
    counterpart=Counterpart.PARTNER,
    parties=("The mall",),
    matter="prizes",
    important=True,
    written_reference="mail of 1 June",
)
RECORD = RecordMeeting(
    meeting="m1",
    kind=MeetingKind.CROSS_DEPARTMENT,
    held_at=NOW,
    attendees=(A, B, A),
    progress="the uplink runs",
    problems=("no prizes",),
    solutions=("the mall gives them",),
    tasks=(TaskId("t1"),),
)
HELD = MeetingHeld(
    meeting="m1",
    kind=MeetingKind.CROSS_DEPARTMENT,
    held_at=NOW,
    attendees=(A, B),
    progress="the uplink runs",
    problems=("no prizes",),
    solutions=("the mall gives them",),
    tasks=(TaskId("t1"),),
)


def test_nobody_meets_himself() -> None:
    """What the published form of the event says too."""
    with pytest.raises(ValueError, match="two attendees"):
        replace(RECORD, attendees=(A, A))


@pytest.mark.clause("O-76")
def test_an_important_matter_is_in_writing() -> None:
    unwritten = replace(LOG, written_reference=None)
    given(communications).when(unwritten, by=A, now=NOW).refused("communication.not_in_writing", clause="O-76")
    told = given(communications).when(LOG, by=A, now=NOW).then(LOGGED)
    told.when(LOG, by=A, now=NOW).then()
    chat = replace(unwritten, important=False, channel=Channel.INSTANT_MESSAGING, counterpart=Counterpart.GROUP)
    given(communications).when(chat, by=A, now=NOW).then(
        replace(
            LOGGED,
            important=False,
            channel=Channel.INSTANT_MESSAGING,
            counterpart=Counterpart.GROUP,
            written_reference=None,
        )
    )


@pytest.mark.clause("S-26")
def test_it_is_for_a_campaign_that_there_is() -> None:
    spring = replace(LOG, campaign=PROPOSED.campaign)
    seeing = given(communications).seeing(campaigns, "spring", found=campaigns.state([PROPOSED]))
    seeing.when(spring, by=A, now=NOW).then(replace(LOGGED, campaign=PROPOSED.campaign))
    unknown = given(communications).seeing(campaigns, "spring", found=None)
    unknown.when(spring, by=A, now=NOW).refused("communication.campaign_unknown", campaign="spring")


def test_whoever_logged_a_communication_corrects_it_and_nobody_logs_what_is_to_come() -> None:
    other = replace(LOG, matter="more prizes")
    given(communications, LOGGED).when(other, by=A, now=NOW).then(replace(LOGGED, matter="more prizes"))
    given(communications, LOGGED).when(other, by=B, now=NOW).refused("communication.of_another")
    given(communications).when(LOG, by=A, now=NOW - timedelta(seconds=1)).refused("communication.not_yet")


def meeting(*history: MeetingHeld, task: Any = ASSIGNED) -> Given[RecordMeeting, MeetingHeld | None, MeetingHeld]:
    return given(meetings, *history).seeing(tasks, "t1", found=task)


def test_a_meeting_has_been_held_and_its_tasks_are_on_the_board() -> None:
    meeting().when(RECORD, now=NOW).then(HELD).when(RECORD, now=NOW).then()
    meeting(task=None).when(RECORD, now=NOW).refused("meeting.tasks_unknown", tasks=["t1"])
    meeting().when(RECORD, now=NOW - timedelta(seconds=1)).refused("meeting.not_yet")
    more = replace(RECORD, solutions=("buy them",))
    meeting(HELD).when(more, now=NOW).then(replace(HELD, solutions=("buy them",)))


def test_both_are_told_by_month_in_asia_shanghai() -> None:
    (row,) = rows(communications_logged, [replace(LOGGED, matter="x"), LOGGED])
    assert (row.month, row.matter, row.logged_by) == (Month("2024-06"), "prizes", A)
    (held,) = rows(meetings_held, [replace(HELD, tasks=()), HELD])
    assert (held.month, held.attendees, held.tasks) == (Month("2024-06"), (A, B), (TaskId("t1"),))


COMMUNICATION = {
    "held_at": "2024-05-20T02:00:00Z",
    "channel": "phone",
    "parties": ["the mall"],
    "matter": "prizes",
    "important": False,
}
MEETING = {"held_at": "2024-05-20T02:00:00Z", "attendees": ["li", "wu"], "progress": "the uplink runs"}


async def log(there: Served, capacity: str, counterpart: str) -> int:
    asked = COMMUNICATION | {"communication": f"{capacity}-{counterpart}", "counterpart": counterpart}
    answer = await there.http.post("/communications/log", json=asked, headers=naming("li", capacity))
    return answer.status_code


async def hold(there: Served, capacity: str, kind: str, **more: Any) -> int:
    asked = MEETING | {"meeting": f"{capacity}-{kind}", "kind": kind} | more
    answer = await there.http.post("/meetings/record", json=asked, headers=naming("li", capacity))
    return answer.status_code


async def shown(there: Served, path: str, id_: str) -> list[str]:
    await there.caught_up()
    answer = await there.http.get(path, headers=naming("li", "live_promotion"))
    assert answer.status_code == 200, answer.text
    return [row[id_] for row in answer.json()["items"]]


@pytest.mark.clause("S-25")
async def test_marketing_staff_communicate_with_partners() -> None:
    async with served(await in_memory(SERVICES["performance"])) as there:
        assert [await log(there, capacity, "partner") for capacity in ("live_promotion", "anchor")] == [202, 403]
        assert [await log(there, "live_promotion", "department")] == [202]
        found = await shown(there, "/communications?month=2024-05&counterpart=partner", "communication")
        assert found == ["live_promotion-partner"]
        assert await shown(there, "/communications?month=2024-06", "communication") == []


@pytest.mark.clause("S-28")
async def test_marketing_staff_coordinate_with_other_departments() -> None:
    async with served(await in_memory(SERVICES["performance"])) as there:
        assert await log(there, "live_promotion", "department") == 202
        assert await hold(there, "live_promotion", "cross_department") == 202
        assert await hold(there, "live_promotion", "team") == 202
        assert await hold(there, "anchor", "cross_department") == 403
        found = await shown(there, "/communications?counterpart=department", "communication")
        assert found == ["live_promotion-department"]
        found = await shown(there, "/meetings?month=2024-05&kind=cross_department", "meeting")
        assert found == ["live_promotion-cross_department"]


@pytest.mark.clause("O-10")
async def test_the_supervisor_organises_the_group_and_speaks_with_other_departments() -> None:
    async with served(await in_memory(SERVICES["performance"])) as there:
        task = {"task": "t", "person": "wu", "title": "x", "kind": "content", "importance": 4, "urgency": 1}
        asked = task | {"due_at": "2099-01-01T00:00:00Z"}
        answers = [
            await there.http.post("/tasks/assign", json=asked, headers=naming("li", capacity))
            for capacity in ("ops_specialist", "ops_supervisor")
        ]
        assert [answer.status_code for answer in answers] == [403, 202]
        assert await log(there, "ops_supervisor", "department") == 202
        assert await hold(there, "ops_specialist", "group") == 403
        assert await hold(there, "ops_supervisor", "group", tasks=["t"]) == 202
        assert await hold(there, "ops_supervisor", "cross_department", tasks=["u"]) == 409
        assert await shown(there, "/meetings?kind=group", "meeting") == ["ops_supervisor-group"]
