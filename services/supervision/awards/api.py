"""Awards over HTTP."""

from fastapi.responses import Response

from services.answering import TEXT, Accepts, InForce, Language, Spoken
from services.supervision.awards.decisions import (
    ApproveAward,
    ConfirmAward,
    ProposeAward,
    RejectAward,
    RevokeAward,
    awards,
)
from services.supervision.awards.projections import Award, Standing, all_awards
from services.supervision.explanations.account import Account
from services.supervision.explanations.reading import explained
from services.vocabulary import PersonId, UnitId
from shared.access import requires
from shared.web import Accepted, Handle, NotFound, Page, Paging, Read, Router

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


@router.get("/{award}/explanation", dependencies=[requires("award.read")], response_model=Account, responses=TEXT)
async def explanation(
    *,
    award: str,
    read: Read,
    policies: InForce,
    language: Spoken = Language.ZH,
    accept: Accepts = "",
) -> Account | Response:
    """Why: what was recorded, by whom, under which clause; as text where `Accept: text/plain` asks.

    Clauses: A-57, A-58, T-64, S-44, S-50, E-65; ruling R8."""
    found = await read(all_awards, Award(award=award))
    return await explained(found, read, policies, language, accept)


@router.get(
    "/of/{person}/{award}/explanation",
    dependencies=[requires("award.read_person")],
    response_model=Account,
    responses=TEXT,
)
async def explanation_of(
    *,
    person: PersonId,
    award: str,
    read: Read,
    policies: InForce,
    language: Spoken = Language.ZH,
    accept: Accepts = "",
) -> Account | Response:
    """The same of an award of his own. Clause: A-43; ruling R8."""
    found = await read(all_awards, Award(award=award))
    if found.person != person:
        raise NotFound(award)
    return await explained(found, read, policies, language, accept)


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
