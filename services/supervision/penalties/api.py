"""Penalties over HTTP."""

from fastapi.responses import Response

from services.answering import TEXT, Accepts, InForce, Language, Spoken
from services.objection import Standing as Objected
from services.supervision.explanations.account import Account
from services.supervision.explanations.reading import explained
from services.supervision.penalties.decisions import (
    ImposePenalty,
    ProposePenalty,
    RejectPenalty,
    RevokePenalty,
    penalties,
)
from services.supervision.penalties.events import PenaltyKind
from services.supervision.penalties.objections import RaiseObjection, ResolveObjection, WithdrawObjection
from services.supervision.penalties.projections import (
    Penalty,
    PenaltyObjection,
    Standing,
    all_penalties,
    penalty_objections,
)
from services.supervision.violations.events import ViolationKind
from services.vocabulary import Month, PersonId
from shared.access import requires
from shared.web import Accepted, Handle, NotFound, Page, Paging, Read, Router

router = Router(prefix="/penalties", tags=["penalties"])


@router.post("/propose", status_code=202, dependencies=[requires("penalty.propose")])
async def propose(command: ProposePenalty, handle: Handle) -> Accepted:
    """Propose a penalty that the person's regulation knows for a violation. Clauses: A-60, S-45; C-11, C-12."""
    return await handle(penalties, command)


@router.post("/impose", status_code=202, dependencies=[requires("penalty.decide")])
async def impose(command: ImposePenalty, handle: Handle) -> Accepted:
    """Impose what is proposed. Clauses: T-66, T-67, A-60, A-61, S-45; ruling R3."""
    return await handle(penalties, command)


@router.post("/reject", status_code=202, dependencies=[requires("penalty.decide")])
async def reject(command: RejectPenalty, handle: Handle) -> Accepted:
    """Reject what is proposed. Ruling R3."""
    return await handle(penalties, command)


@router.post("/revoke", status_code=202, dependencies=[requires("penalty.decide")])
async def revoke(command: RevokePenalty, handle: Handle) -> Accepted:
    """Take an imposed penalty back. Ruling R3."""
    return await handle(penalties, command)


@router.post("/object", status_code=202, dependencies=[requires("penalty.object")])
async def raise_objection(command: RaiseObjection, handle: Handle) -> Accepted:
    """Object to an imposed penalty, by the person himself, where the policy admits it. Clause: A-60; C-09; R7."""
    return await handle(penalties, command)


@router.post("/withdraw-objection", status_code=202, dependencies=[requires("penalty.object")])
async def withdraw_objection(command: WithdrawObjection, handle: Handle) -> Accepted:
    """Take one's own objection back. Clause: A-60; ruling R7."""
    return await handle(penalties, command)


@router.post("/resolve-objection", status_code=202, dependencies=[requires("penalty.decide")])
async def resolve_objection(command: ResolveObjection, handle: Handle) -> Accepted:
    """Withdraw the violation that it names, or reject the objection. Clause: A-60; ruling R7."""
    return await handle(penalties, command)


@router.get("/objections", dependencies=[requires("penalty.read")])
async def objections(read: Read, paging: Paging, standing: Objected | None = None) -> Page[PenaltyObjection]:
    """Objections: open, escalated, upheld, rejected. Clause: A-60; ruling R7."""
    return await read.page(penalty_objections, paging, standing=standing)


@router.get("/of/{person}", dependencies=[requires("penalty.read_person")])
async def of_person(person: PersonId, read: Read, paging: Paging, standing: Standing | None = None) -> Page[Penalty]:
    """The penalties of a person; he may read them himself. Clause: A-51; ruling R3."""
    return await read.page(all_penalties, paging, person=person, standing=standing)


@router.get("/{penalty}", dependencies=[requires("penalty.read")])
async def penalty(penalty: str, read: Read) -> Penalty:
    return await read(all_penalties, Penalty(penalty=penalty))


@router.get("/{penalty}/explanation", dependencies=[requires("penalty.read")], response_model=Account, responses=TEXT)
async def explanation(
    *,
    penalty: str,
    read: Read,
    policies: InForce,
    language: Spoken = Language.ZH,
    accept: Accepts = "",
) -> Account | Response:
    """Why: what was recorded, by whom, under which clause; as text where `Accept: text/plain` asks.

    Clauses: T-66, T-67, A-60, A-61, S-45; ruling R3."""
    found = await read(all_penalties, Penalty(penalty=penalty))
    return await explained(found, read, policies, language, accept)


@router.get(
    "/of/{person}/{penalty}/explanation",
    dependencies=[requires("penalty.read_person")],
    response_model=Account,
    responses=TEXT,
)
async def explanation_of(
    *,
    person: PersonId,
    penalty: str,
    read: Read,
    policies: InForce,
    language: Spoken = Language.ZH,
    accept: Accepts = "",
) -> Account | Response:
    """The same of a penalty of his own. Clause: A-51; rulings R3, R7."""
    found = await read(all_penalties, Penalty(penalty=penalty))
    if found.person != person:
        raise NotFound(penalty)
    return await explained(found, read, policies, language, accept)


@router.get("", dependencies=[requires("penalty.read")])
async def listed(
    read: Read,
    paging: Paging,
    *,
    person: PersonId | None = None,
    kind: PenaltyKind | None = None,
    standing: Standing | None = None,
    offence: ViolationKind | None = None,
    month: Month | None = None,
) -> Page[Penalty]:
    """The register: pending, held, final, rejected and reversed apart, with cause and decider. Ruling R3."""
    return await read.page(
        all_penalties, paging, person=person, kind=kind, standing=standing, offence=offence, month=month
    )
