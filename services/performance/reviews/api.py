"""Reviews over HTTP: opened, scored, fed back, completed; and everything that can be asked about them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from fastapi.responses import PlainTextResponse, Response

from services.answering import TEXT, Accepts, InForce, wants_text
from services.calendar import Moment
from services.objection import Standing
from services.performance.reviews.adjustments import AdjustScore, WithdrawAdjustment
from services.performance.reviews.decisions import (
    CompleteReview,
    DeclareNotApplicable,
    OpenReview,
    RecordFeedback,
    RestateScore,
    ScoreReview,
    SubmitSelfReview,
    SubmitSuperiorReview,
    reviews,
)
from services.performance.reviews.objections import RaiseObjection, ResolveObjection, WithdrawObjection
from services.performance.reviews.projections import (
    Adjustment,
    Declaration,
    Explanation,
    Feedback,
    Forms,
    Restatement,
    ReviewObjection,
    ReviewRow,
    State,
    adjustments,
    declarations,
    explanations,
    feedbacks,
    forms,
    restatements,
    review_objections,
    reviews_by_month,
)
from services.performance.scores.disclosure import (
    Effect,
    Words,
    as_document,
    as_text,
    effect,
)
from services.performance.scores.unset import unset
from services.vocabulary import Month, PersonId, PostId, UnitId
from shared.access import requires
from shared.value import value
from shared.web import Accepted, Actor, Handle, NotFound, Page, Paged, Paging, Read, Router

router = Router(prefix="/reviews", tags=["reviews"])


@router.post("/open", status_code=202, dependencies=[requires("review.open")])
async def open_review(command: OpenReview, handle: Handle) -> Accepted:
    """Let a person take part in a month's cycle under his post; many at once by /bulk. Clauses: S-37, S-39, S-40."""
    return await handle(reviews, command)


@router.post("/self-review", status_code=202, dependencies=[requires("review.self_review")])
async def self_review(command: SubmitSelfReview, handle: Handle) -> Accepted:
    """Fill in the self-review form after the month: achievements, shortcomings, improvements. Clause: O-103."""
    return await handle(reviews, command)


@router.post("/superior-review", status_code=202, dependencies=[requires("review.superior_review")])
async def superior_review(command: SubmitSuperiorReview, handle: Handle) -> Accepted:
    """Fill in the superior's form, after the self-review where it is asked for. Clause: O-104."""
    return await handle(reviews, command)


@router.post("/score", status_code=202, dependencies=[requires("review.score")])
async def score(command: ScoreReview, handle: Handle) -> Accepted:
    """Score a month from what is known; refused while anything is missing, by name. Clauses: S-37, S-38, S-42."""
    return await handle(reviews, command)


@router.post("/feedback", status_code=202, dependencies=[requires("review.feed_back")])
async def record_feedback(command: RecordFeedback, handle: Handle) -> Accepted:
    """Record what the person was told of the result. Clauses: S-43, O-105, A-36, A-37."""
    return await handle(reviews, command)


@router.post("/object", status_code=202, dependencies=[requires("review.object")])
async def raise_objection(command: RaiseObjection, handle: Handle) -> Accepted:
    """Object to the result, by the person himself, once a version. Clauses: O-107, A-38; ruling R7."""
    return await handle(reviews, command)


@router.post("/withdraw-objection", status_code=202, dependencies=[requires("review.object")])
async def withdraw_objection(command: WithdrawObjection, handle: Handle) -> Accepted:
    """Take one's own objection back. Clause: A-38."""
    return await handle(reviews, command)


@router.post("/resolve-objection", status_code=202, dependencies=[requires("review.resolve_objection")])
async def resolve_objection(command: ResolveObjection, handle: Handle) -> Accepted:
    """Correct the facts that were found wrong, or none. Clauses: O-107, A-39; ruling R7."""
    return await handle(reviews, command)


@router.post("/complete", status_code=202, dependencies=[requires("review.complete")])
async def complete(command: CompleteReview, handle: Handle) -> Accepted:
    """Publish the result; after the feedback, where the population's policy asks for it. Clauses: S-37, O-105, A-36."""
    return await handle(reviews, command)


@router.post("/restate", status_code=202, dependencies=[requires("review.restate")])
async def restate(command: RestateScore, handle: Handle) -> Accepted:
    """Hold the result against what is known now; it happens by itself when facts arrive late. Clause: S-42."""
    return await handle(reviews, command)


@router.post("/adjust", status_code=202, dependencies=[requires("review.adjust")])
async def adjust(command: AdjustScore, handle: Handle) -> Accepted:
    """Add or take points for one occasion, once, with the reason. Clauses: A-61, T-65."""
    return await handle(reviews, command)


@router.post("/withdraw-adjustment", status_code=202, dependencies=[requires("review.adjust")])
async def withdraw(command: WithdrawAdjustment, handle: Handle) -> Accepted:
    """Take an adjustment back because its cause fell away; both stay readable. Clauses: A-61, T-65."""
    return await handle(reviews, command)


@router.post("/declare-not-applicable", status_code=202, dependencies=[requires("review.declare")])
async def declare(command: DeclareNotApplicable, handle: Handle) -> Accepted:
    """Say that a component does not apply to a person's month; never by the person himself. Clause: S-42."""
    return await handle(reviews, command)


@router.get("", dependencies=[requires("review.list")])
async def listed(
    *,
    read: Read,
    paging: Paging,
    month: Month | None = None,
    studio: UnitId | None = None,
    post: PostId | None = None,
    state: State | None = None,
    grade: str | None = None,
) -> Page[ReviewRow]:
    """Where the reviews stand, by month, studio, post, state and grade. Clauses: S-37, S-39, S-43."""
    return await read.page(reviews_by_month, paging, month=month, studio=studio, post=post, state=state, grade=grade)


@router.get("/restatements", dependencies=[requires("review.list")])
async def all_restatements(read: Read, paging: Paging, month: Month | None = None) -> Page[Restatement]:
    """What late facts changed, by how much, and which facts. Clause: S-42."""
    return await read.page(restatements, paging, month=month)


@router.get("/adjustments", dependencies=[requires("review.list")])
async def all_adjustments(
    read: Read, paging: Paging, month: Month | None = None, reason: str | None = None
) -> Page[Adjustment]:
    """Plus and minus points, withdrawn ones too. Clauses: T-65, A-61."""
    return await read.page(adjustments, paging, month=month, reason=reason)


@router.get("/declarations", dependencies=[requires("review.list")])
async def all_declarations(read: Read, paging: Paging, month: Month | None = None) -> Page[Declaration]:
    """What was declared not applicable, by whom and why. Clause: S-42."""
    return await read.page(declarations, paging, month=month)


@router.get("/objections", dependencies=[requires("review.list_objections")])
async def all_objections(
    read: Read, paging: Paging, month: Month | None = None, standing: Standing | None = None
) -> Page[ReviewObjection]:
    """Objections: open, escalated, upheld, rejected, with what was corrected. Clauses: O-107, A-38, A-39."""
    return await read.page(review_objections, paging, month=month, standing=standing)


@router.get("/{person}", dependencies=[requires("review.read")])
async def of_person(person: PersonId, read: Read, paging: Paging) -> Page[ReviewRow]:
    """A person's months. Clauses: S-37, S-43."""
    return await read.page(reviews_by_month, paging, person=person)


@router.get("/{person}/{month}", dependencies=[requires("review.read")])
async def one(person: PersonId, month: Month, read: Read) -> ReviewRow:
    """Where one person's month stands. Clauses: S-37, S-42, S-43."""
    return await read(reviews_by_month, ReviewRow(person=person, month=month))


@router.get("/{person}/{month}/feedback", dependencies=[requires("review.read_feedback")])
async def feedback(person: PersonId, month: Month, read: Read, paging: Paging) -> Page[Feedback]:
    """What the person was told, by version of the result. Clauses: S-43, O-105, A-37."""
    return await read.page(feedbacks, paging, person=person, month=month)


@router.get("/{person}/{month}/forms", dependencies=[requires("review.read_feedback")])
async def forms_of(person: PersonId, month: Month, read: Read) -> Forms:
    """The self-review and the superior's review. Clauses: O-103, O-104."""
    return await read(forms, Forms(person=person, month=month))


@router.get("/{person}/{month}/objections", dependencies=[requires("review.read_feedback")])
async def objections_of(person: PersonId, month: Month, read: Read, paging: Paging) -> Page[ReviewObjection]:
    """What the person objected to, by version of the result, and what came of it. Clauses: O-107, A-38, A-39."""
    return await read.page(review_objections, paging, person=person, month=month)


@router.get("/{person}/{month}/adjustments", dependencies=[requires("review.read")])
async def adjustments_of(person: PersonId, month: Month, read: Read, paging: Paging) -> Page[Adjustment]:
    """Plus and minus points of one month. Clauses: T-65, A-61."""
    return await read.page(adjustments, paging, person=person, month=month)


@router.get("/{person}/{month}/restatements", dependencies=[requires("review.read")])
async def restatements_of(person: PersonId, month: Month, read: Read, paging: Paging) -> Page[Restatement]:
    """Which versions a result has, and what made the next. Clause: S-42."""
    return await read.page(restatements, paging, person=person, month=month)


@value
class ExplanationTold:
    """`document` is the tree from the grade down to facts (event ids) and rules (policy, version, clause).
    `not_configured` are the settings that the organisation has left open."""

    person: PersonId
    month: Month
    version: int
    known_at: datetime | None
    position: int
    score: Decimal | None
    grade: str
    standard: str
    effect: Effect
    used: tuple[str, ...]
    not_configured: tuple[str, ...]
    document: Mapping[str, Any]


@router.get(
    "/{person}/{month}/explanation",
    dependencies=[requires("review.explain")],
    response_model=ExplanationTold,
    responses=TEXT,
)
async def explanation(
    *,
    person: PersonId,
    month: Month,
    read: Read,
    who: Actor,
    policies: InForce,
    version: int | None = None,
    as_of: Moment | None = None,
    as_of_position: int | None = None,
    words: Words,
    accept: Accepts = "",
) -> ExplanationTold | Response:
    """Why a result is what it is, from the stored tree; as text where `Accept: text/plain` asks. Earlier versions stay
    readable, by their number or as what was known at a moment or up to a position of the log. Clauses: S-42, S-38;
    O-89, O-93."""
    found = await known(read, person, month, version, as_of, as_of_position)
    if wants_text(accept):
        return PlainTextResponse(as_text(found.document, who.person, person, words))
    return ExplanationTold(
        person=person,
        month=month,
        version=found.version,
        known_at=found.known_at,
        position=found.position,
        score=found.score,
        grade=found.grade,
        standard=found.standard,
        effect=effect(found.document),
        used=found.used,
        not_configured=unset(found.document, month, policies),
        document=as_document(found.document, who.person, person),
    )


async def known(
    read: Read, person: PersonId, month: Month, version: int | None, as_of: Moment | None, position: int | None
) -> Explanation:
    """The last version that fits all of these. Raises NotFound."""
    versions = (await read.page(explanations, Paged(after="", limit=500), person=person, month=month)).items
    for found in reversed(versions):
        later = (as_of and (found.known_at is None or found.known_at > as_of)) or (
            position is not None and found.position > position
        )
        if not later and version in (None, found.version):
            return found
    raise NotFound(explanations.name)
