"""Who judges a person's month, what each gave, and when that is closed. Clauses: O-93, O-94, E-56; ruling R5 (360).

A score knows of no rating before all are closed, then of all at once: neither a running score nor a restatement tells
what the last one added.
"""

from collections.abc import Mapping
from dataclasses import astuple, field, replace
from decimal import Decimal
from typing import Annotated

from annotated_types import Len

from services.deciding import check_decider
from services.performance.ratings.events import (
    Event,
    Invited,
    Item,
    Marks,
    RaterFeedbackClosed,
    RaterFeedbackSubmitted,
    RatersInvited,
    Relation,
)
from services.performance.reviews.decisions import Opened, opened_in, reviews
from services.performance.scores.standard import AppraisalStandard
from services.vocabulary import Month, PersonId, first_day
from shared.decider import Context, Decider, Refused, Sight, look
from shared.privacy import Note
from shared.value import value


@value
class InviteRaters:
    """By somebody else than the person. Again: more of them, or another relation of one who has not rated yet."""

    person: PersonId
    month: Month
    raters: Annotated[tuple[Invited, ...], Len(1, 100)]

    def __post_init__(self) -> None:
        raters = [one.rater for one in self.raters]
        if self.person in raters:
            raise ValueError("nobody rates himself")
        if len(set(raters)) < len(raters):
            raise ValueError("nobody is invited twice")


@value
class SubmitRaterFeedback:
    """By an invited rater, for himself: every item that he was asked for."""

    person: PersonId
    month: Month
    marks: Marks
    comment: Note | None = None


@value
class CloseRaterFeedback:
    """From here on it counts, and nothing is added. By somebody else than the person."""

    person: PersonId
    month: Month


Command = InviteRaters | SubmitRaterFeedback | CloseRaterFeedback


@value
class Ratings:
    items: tuple[Item, ...] = ()
    invited: Mapping[PersonId, Relation] = field(default_factory=dict)
    submitted: Mapping[PersonId, RaterFeedbackSubmitted] = field(default_factory=dict)
    closed: bool = False


def decide(command: Command, ratings: Ratings, context: Context) -> list[Event]:
    match command:
        case InviteRaters():
            return invite(command, ratings, context)
        case SubmitRaterFeedback():
            return submit(command, ratings, context)
        case CloseRaterFeedback():
            return close(command, ratings, context)


def invite(command: InviteRaters, ratings: Ratings, context: Context) -> list[Event]:
    """For what the standard asks of raters, in the relations that it weighs."""
    check_decider("rating", command.person, context)
    check_running(ratings)
    stage = context.state(reviews, command.person, command.month).stage
    under = opened_in(stage)
    if not isinstance(stage, Opened):
        raise Refused("review.already_scored", next="invite raters before the scoring")
    on = first_day(command.month)
    items, relations = asked(context.policy(AppraisalStandard, on=on, post=under.post, studio=under.studio))
    if strange := sorted({one.relation for one in command.raters}.difference(relations)):
        raise Refused("rating.relation", relations=strange, next=f"the standard weighs {', '.join(relations)} alone")
    new = tuple(one for one in command.raters if ratings.invited.get(one.rater) is not one.relation)
    if rated := sorted(one.rater for one in new if one.rater in ratings.submitted):
        raise Refused("rating.rated_already", raters=rated, next="leave them in the relation in which they rated")
    if not new and items == ratings.items:
        return []
    return [RatersInvited(person=command.person, month=command.month, items=items, raters=new)]


def asked(standard: AppraisalStandard) -> tuple[tuple[Item, ...], list[Relation]]:
    """Raises Refused("rating.not_asked"), ("policy.not_configured")."""
    rated = standard.rated
    if not rated:
        raise Refused("rating.not_asked", standard=str(standard.issue), next="no indicator of the post is so judged")
    relations = {one.name for measure in rated for one in measure.by}
    if not relations:
        raise Refused("policy.not_configured", policy="AppraisalStandard", setting="measure.by", clause="O-94")
    items = {item for measure in rated for item in measure.rated}
    return tuple(item for item in Item if item in items), [each for each in Relation if each in relations]


def check_running(ratings: Ratings) -> None:
    if ratings.closed:
        raise Refused("rating.closed", clause="O-94", next="what was given by then counts; nothing is added")


def submit(command: SubmitRaterFeedback, ratings: Ratings, context: Context) -> list[Event]:
    rater = PersonId(context.actor)
    relation = ratings.invited.get(rater)
    if relation is None:
        raise Refused("rating.not_invited", clause="O-94", next="whoever leads the review invites the raters")
    told = RaterFeedbackSubmitted(
        person=command.person,
        month=command.month,
        rater=rater,
        relation=relation,
        marks=command.marks,
        comment=command.comment,
    )
    if ratings.submitted.get(rater) == told:
        return []
    check_running(ratings)
    if command.marks.items != set(ratings.items):
        raise Refused("rating.items", items=ratings.items, next="mark each of these, and nothing else")
    return [told]


def close(command: CloseRaterFeedback, ratings: Ratings, context: Context) -> list[Event]:
    check_decider("rating", command.person, context)
    if ratings.closed:
        return []
    if not ratings.invited:
        raise Refused("rating.nobody_invited", next="invite raters first")

    def given(relation: Relation) -> tuple[Marks, ...]:
        return tuple(sorted((s.marks for s in ratings.submitted.values() if s.relation is relation), key=lowest))

    told = RaterFeedbackClosed(
        person=command.person,
        month=command.month,
        superior=given(Relation.SUPERIOR),
        peer=given(Relation.PEER),
        subordinate=given(Relation.SUBORDINATE),
    )
    return [told]


def lowest(marks: Marks) -> tuple[Decimal, ...]:
    return tuple(Decimal(-1) if mark is None else mark for mark in astuple(marks))


def evolve(ratings: Ratings, event: Event) -> Ratings:
    """Raises ValueError for a history that no decision makes."""
    match event:
        case RatersInvited() if not ratings.closed:
            invited = {one.rater: one.relation for one in event.raters}
            return replace(ratings, items=event.items, invited={**ratings.invited, **invited})
        case RaterFeedbackSubmitted() if not ratings.closed and event.rater in ratings.invited:
            return replace(ratings, submitted={**ratings.submitted, event.rater: event})
        case RaterFeedbackClosed() if ratings.invited and not ratings.closed:
            return replace(ratings, closed=True)
        case _:
            raise ValueError(f"{type(event).__name__} does not follow from what was said before")


def sees(command: Command) -> list[Sight]:
    return [look(reviews, command.person, command.month)] if isinstance(command, InviteRaters) else []


ratings: Decider[Command, Ratings, Event] = Decider(
    name="rating",
    key=lambda command: (command.person, command.month),
    initial=Ratings,
    decide=decide,
    evolve=evolve,
    sees=sees,
    history=False,  # names are for the auditor, who asks by a route of his own
)
