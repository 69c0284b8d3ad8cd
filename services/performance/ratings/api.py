"""Ratings over HTTP. Nobody reads those of his own month here: his explanation shows him each relation as one."""

from services.performance.ratings.decisions import CloseRaterFeedback, InviteRaters, SubmitRaterFeedback, ratings
from services.performance.ratings.events import Marks, Relation
from services.performance.ratings.projections import RaterFeedback, rater_feedback
from services.vocabulary import Month, PersonId
from shared.access import requires
from shared.privacy import Personal
from shared.value import value
from shared.web import Accepted, Actor, Handle, NotFound, Read, Router

router = Router(prefix="/ratings", tags=["ratings"])


@router.post("/invite", status_code=202, dependencies=[requires("rating.invite")])
async def invite(command: InviteRaters, handle: Handle) -> Accepted:
    """Invite superiors, peers and subordinates to judge a person's month. Clause: O-94."""
    return await handle(ratings, command)


@router.post("/submit", status_code=202, dependencies=[requires("rating.submit")])
async def submit(command: SubmitRaterFeedback, handle: Handle) -> Accepted:
    """Give one's own marks as an invited rater; again, until it is closed: a correction. Clauses: O-93, O-94, E-56."""
    return await handle(ratings, command)


@router.post("/close", status_code=202, dependencies=[requires("rating.close")])
async def close(command: CloseRaterFeedback, handle: Handle) -> Accepted:
    """End it: what was given counts from here on, as one mark of each relation. Clause: O-94."""
    return await handle(ratings, command)


@value
class OfRelation:
    """How many were invited and have rated; what they wrote, once it is closed, in no order that tells who."""

    relation: Relation
    invited: int
    rated: int
    comments: tuple[Personal, ...] = ()


@value
class FeedbackTold:
    person: PersonId
    month: Month
    closed: bool
    relations: tuple[OfRelation, ...]


@router.get("/{person}/{month}", dependencies=[requires("rating.read")])
async def by_relation(person: PersonId, month: Month, read: Read, who: Actor) -> FeedbackTold:
    """How far it is and what was written, by relation, for whoever leads the review; no mark and no name. Clause:
    O-94."""
    row = await of_another(person, month, read, who)
    told = (of_relation(relation, row) for relation in Relation)
    return FeedbackTold(person=person, month=month, closed=row.closed, relations=tuple(r for r in told if r.invited))


async def of_another(person: PersonId, month: Month, read: Read, who: Actor) -> RaterFeedback:
    """Raises NotFound for the person himself, whatever his capacity."""
    if who.person == person:
        raise NotFound(rater_feedback.name)
    return await read(rater_feedback, RaterFeedback(person=person, month=month))


def of_relation(relation: Relation, row: RaterFeedback) -> OfRelation:
    raters = [rater for rater in row.raters if rater.relation is relation]
    wrote = sorted(rater.comment for rater in raters if rater.comment is not None)
    return OfRelation(
        relation=relation,
        invited=len(raters),
        rated=sum(rater.marks is not None for rater in raters),
        comments=tuple(wrote) if row.closed else (),
    )


@value
class Named:
    rater: PersonId
    relation: Relation
    marks: Marks | None


@value
class RatersTold:
    person: PersonId
    month: Month
    closed: bool
    raters: tuple[Named, ...]


@router.get("/{person}/{month}/raters", dependencies=[requires("rating.read_raters")])
async def by_name(person: PersonId, month: Month, read: Read, who: Actor) -> RatersTold:
    """Who gave which marks, for the auditor. Clause: O-94; ruling R5."""
    row = await of_another(person, month, read, who)
    raters = tuple(Named(rater=rater.rater, relation=rater.relation, marks=rater.marks) for rater in row.raters)
    return RatersTold(person=person, month=month, closed=row.closed, raters=raters)
