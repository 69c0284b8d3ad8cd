"""A person's month judged by superior, peers and subordinates 综合评价. Clauses: O-93, O-94, E-56; ruling R5 (360)."""

from dataclasses import fields
from enum import StrEnum

from services.vocabulary import Month, PersonId, Score
from shared.privacy import Note
from shared.value import value


class Relation(StrEnum):
    """Of the rater to the person."""

    SUPERIOR = "superior"  # 上级领导
    PEER = "peer"  # 同事
    SUBORDINATE = "subordinate"  # 下属


class Item(StrEnum):
    """What a rater marks, in points, as `Marks` names it."""

    ENTHUSIASM = "enthusiasm"  # 工作积极性 O-93
    RESPONSIBILITY = "responsibility"  # 责任心 O-93
    TEAMWORK = "teamwork"  # 团队合作精神 O-93
    COLLABORATION = "collaboration"  # 与其他部门的协作配合 E-56
    CONTRIBUTION = "contribution"  # 对团队的贡献 E-56


@value
class Marks:
    enthusiasm: Score | None = None
    responsibility: Score | None = None
    teamwork: Score | None = None
    collaboration: Score | None = None
    contribution: Score | None = None

    @property
    def items(self) -> frozenset[Item]:
        """What is marked."""
        return frozenset(Item(f.name) for f in fields(self) if getattr(self, f.name) is not None)


@value
class Invited:
    rater: PersonId
    relation: Relation


@value
class RatersInvited:
    """These besides those invited before; of the same rater the last word holds. `items`: what all of them mark."""

    person: PersonId
    month: Month
    items: tuple[Item, ...]
    raters: tuple[Invited, ...]


@value
class RaterFeedbackSubmitted:
    """By the rater himself; again: a correction."""

    person: PersonId
    month: Month
    rater: PersonId
    relation: Relation
    marks: Marks
    comment: Note | None = None


@value
class RaterFeedbackClosed:
    """What all raters gave, lowest first. It is all that a score knows of them: no name, moment or order in it tells
    who gave which (R5)."""

    person: PersonId
    month: Month
    superior: tuple[Marks, ...]
    peer: tuple[Marks, ...]
    subordinate: tuple[Marks, ...]


Event = RatersInvited | RaterFeedbackSubmitted | RaterFeedbackClosed
