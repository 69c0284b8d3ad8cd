"""Awards over HTTP."""

from services.supervision.awards.decisions import (
    ApproveAward,
    ConfirmAward,
    ProposeAward,
    RejectAward,
    RevokeAward,
    awards,
)
from services.supervision.awards.projections import Award, Standing, all_awards
from services.vocabulary import PersonId, UnitId
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/awards", tags=["awards"])


@router.post("/propose", status_code=202, dependencies=[requires("award.propose")])
async def propose(command: ProposeAward, handle: Handle) -> Accepted:
    """Propose an award of a person, also of oneself, or of a team; it joins the open proposal.

    Clauses: A-43, A-57, A-58, S-44, S-50, E-65."""
    return await handle(awards, command)


@router.post("/approve", status_code=202, dependencies=[requires("award.decide")])
async def approve(command: ApproveAward, handle: Handle) -> Accepted:
    """Approve the open proposal: it is granted. Clauses: A-57, A-58, T-64, S-44, S-50, E-65; ruling R8."""
    return await handle(awards, command)


@router.post("/reject", status_code=202, dependencies=[requires("award.decide")])
async def reject(command: RejectAward, handle: Handle) -> Accepted:
    """Reject the open proposal. Ruling R8."""
    return await handle(awards, command)


@router.post("/confirm", status_code=202, dependencies=[requires("award.decide")])
async def confirm(command: ConfirmAward, handle: Handle) -> Accepted:
    """A granted award under review stands. Ruling R8."""
    return await handle(awards, command)


@router.post("/revoke", status_code=202, dependencies=[requires("award.decide")])
async def revoke(command: RevokeAward, handle: Handle) -> Accepted:
    """A granted award under review is taken back. Ruling R8."""
    return await handle(awards, command)


@router.get("/of/{person}", dependencies=[requires("award.read_person")])
async def of_person(person: PersonId, read: Read, paging: Paging, standing: Standing | None = None) -> Page[Award]:
    """The awards of a person; he may read them himself. Clause: A-43."""
    return await read.page(all_awards, paging, person=person, standing=standing)


@router.get("/{award}", dependencies=[requires("award.read")])
async def award(award: str, read: Read) -> Award:
    return await read(all_awards, Award(award=award))


@router.get("", dependencies=[requires("award.read")])
async def listed(
    read: Read,
    paging: Paging,
    *,
    person: PersonId | None = None,
    team: UnitId | None = None,
    item: str | None = None,
    period: str | None = None,
    standing: Standing | None = None,
) -> Page[Award]:
    """The register: pending, held, final, rejected and reversed apart, with causes and decider. Ruling R8."""
    return await read.page(all_awards, paging, person=person, team=team, item=item, period=period, standing=standing)
