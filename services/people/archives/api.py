"""Archives over HTTP: every look into one is a fact first. Clauses: T-59 to T-63; ruling R9."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import Header, Query, Response
from pydantic import TypeAdapter

from services.people.applications.disclosure import disclosed, today
from services.people.applications.events import Part
from services.people.applications.projections import (
    Application,
    ApplicationAbout,
    Decision,
    applications_about,
    archive_applications,
)
from services.people.archives.facts import archive
from services.people.archives.page import (
    ArchivePage,
    AttendanceEntry,
    PersonArchive,
    ResultEntry,
    SessionEntry,
)
from services.people.archives.projections import OpenArchive, open_archives
from services.people.readings.decisions import ConsultArchive, readings
from services.people.readings.projections import Reading, archive_readings
from services.vocabulary import PersonId
from shared.access import requires
from shared.value import value
from shared.web import Actor, Handle, Malformed, Page, Paging, Read, Router

router = Router(prefix="/archives", tags=["archives"])

PAGE = TypeAdapter(ArchivePage)


@value
class ArchiveReading:
    """The parts that were read; null is a part that was not."""

    person: PersonId
    sessions: tuple[SessionEntry, ...] | None = None
    attendance: tuple[AttendanceEntry, ...] | None = None
    results: tuple[ResultEntry, ...] | None = None
    effect: tuple[str, ...] | None = None


@router.get("", dependencies=[requires("archive.list")])
async def listed(read: Read, paging: Paging) -> Page[OpenArchive]:
    """Whose archives are open; nothing of what they hold. Clauses: T-02, T-59."""
    return await read.page(open_archives, paging)


@router.get("/{person}", dependencies=[requires("archive.consult")])
async def consult(
    *,
    person: PersonId,
    handle: Handle,
    read: Read,
    response: Response,
    application: str | None = None,
    part: Annotated[list[Part] | None, Query()] = None,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> ArchiveReading:
    """Read what an approved application of one's own names, or one's own archive; the reading is recorded first.

    Without `part`, all parts that the application names. Clauses: T-62, T-63; ruling R9."""
    if idempotency_key is not None:  # the answer of the first time would open the archive without a record, or expired
        raise Malformed("Idempotency-Key: every reading is one of its own; send none")
    if part is None:
        part = await named(application, read) if application else list(Part)
    command = ConsultArchive(person=person, parts=tuple(part), application=application)
    await handle(readings, command)
    found = await read.result(archive, PersonArchive(person=person))
    response.headers["Cache-Control"] = "no-store"  # a copy would be read without a record
    return shown(PAGE.validate_python(found.document), part)


async def named(application: str, read: Read) -> list[Part]:
    """What it names; whether that may be read is for the decision."""
    return list((await read(archive_applications, Application(application=application))).parts)


def shown(page: ArchivePage, parts: list[Part]) -> ArchiveReading:
    return replace(ArchiveReading(person=page.person), **{part: getattr(page, part) for part in parts})


@router.get("/{person}/applications", dependencies=[requires("archive.trace")])
async def applications_for(
    person: PersonId, who: Actor, read: Read, paging: Paging, decision: Decision | None = None
) -> Page[ApplicationAbout]:
    """Applications that name the person, refused ones too. What an investigation delays he sees when it is over. R9."""
    return await read.page(applications_about, paging, told_to(who), person=person, decision=decision)


@router.get("/{person}/readings", dependencies=[requires("archive.trace")])
async def readings_of(person: PersonId, who: Actor, read: Read, paging: Paging) -> Page[Reading]:
    """Who read what of the archive, and when. What an investigation delays the person sees when it is over. R9."""
    return await read.page(archive_readings, paging, told_to(who), person=person)


def told_to(who: Actor) -> Callable[[ApplicationAbout | Reading], bool]:
    on = today()
    return lambda row: disclosed(who.person, {row.person}, row.withheld_until, on)
