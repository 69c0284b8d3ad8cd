"""Violations over HTTP, and the figures of a month that may show one."""

from services.supervision.violations.decisions import RecordCause, RecordViolation, WithdrawViolation, violations
from services.supervision.violations.events import ViolationKind
from services.supervision.violations.facts import monthly_figures
from services.supervision.violations.projections import Stands, Violation, all_violations
from services.vocabulary import Month, PersonId, PersonMonth
from shared.access import requires
from shared.store import Result
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/violations", tags=["violations"])


@router.post("/record", status_code=202, dependencies=[requires("violation.record")])
async def record(command: RecordViolation, handle: Handle) -> Accepted:
    """Record lateness, leaving early, a serious error during a stream. Clauses: A-06, A-60."""
    return await handle(violations, command)


@router.post("/withdraw", status_code=202, dependencies=[requires("violation.withdraw")])
async def withdraw(command: WithdrawViolation, handle: Handle) -> Accepted:
    """Take a violation back; what followed from it is reversed. Clause: A-60; ruling R3."""
    return await handle(violations, command)


@router.post("/cause", status_code=202, dependencies=[requires("violation.record_cause")])
async def cause(command: RecordCause, handle: Handle) -> Accepted:
    """Record that ineffective work caused the complaints or the decline of a month. Clause: A-61; ruling R3."""
    return await handle(violations, command)


@router.get("/figures/{person}/{month}", dependencies=[requires("figures.read")])
async def figures(person: PersonId, month: Month, read: Read) -> Result:
    """The figures of an assistant anchor's month, from which events. Clause: A-61; C-35."""
    return await read.result(monthly_figures, PersonMonth(person=person, month=month))


@router.get("/of/{person}", dependencies=[requires("violation.read_person")])
async def of_person(person: PersonId, read: Read, paging: Paging) -> Page[Violation]:
    """What was recorded against a person; he may read it himself. Clause: A-51."""
    return await read.page(all_violations, paging, person=person)


@router.get("", dependencies=[requires("violation.read")])
async def listed(
    read: Read,
    paging: Paging,
    *,
    person: PersonId | None = None,
    kind: ViolationKind | None = None,
    stands: Stands | None = None,
) -> Page[Violation]:
    """Violations of a kind, recorded or withdrawn."""
    return await read.page(all_violations, paging, person=person, kind=kind, stands=stands)
