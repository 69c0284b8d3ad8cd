"""What can be asked about persons. Clauses: T-02, S-45; C-42; ruling R4."""

from dataclasses import replace
from datetime import date

from services.people.persons.demotions import demotion, of_penalty
from services.people.persons.events import (
    CategoriesChanged,
    Category,
    Engagement,
    EngagementChanged,
    PersonAssignedToPost,
    PersonErased,
    PersonNameCorrected,
    PersonRegistered,
)
from services.vocabulary import PersonId, PostId, UnitId
from shared.privacy import Contact, Name
from shared.projection import Projection
from shared.value import value

Known = (
    PersonRegistered | PersonNameCorrected | CategoriesChanged | EngagementChanged | PersonAssignedToPost | PersonErased
)


@value
class Person:
    """Post and engagement are those with the latest date, which may lie ahead. Whoever may not read personal texts
    sees that name and contact are withheld."""

    person: PersonId
    name: Name | None = None
    contact: Contact | None = None
    categories: tuple[Category, ...] = ()
    joined_on: date | None = None
    engagement: Engagement | None = None
    engaged_from: date | None = None
    post: PostId | None = None
    unit: UnitId | None = None
    studio: UnitId | None = None
    reports_to: PersonId | None = None
    assigned_from: date | None = None
    erased: bool = False


def person(row: Person, event: Known) -> Person:
    match event:
        case PersonRegistered():
            return replace(
                row,
                name=event.name,
                contact=event.contact,
                categories=event.categories,
                joined_on=event.joined_on,
                engagement=event.engagement,
                engaged_from=event.joined_on,
            )
        case PersonNameCorrected():
            return replace(row, name=event.name, contact=event.contact or row.contact)
        case CategoriesChanged():
            return replace(row, categories=event.categories)
        case EngagementChanged():
            return engaged(row, event)
        case PersonAssignedToPost():
            return assigned(row, event)
        case PersonErased():
            return replace(row, erased=True)


def engaged(row: Person, event: EngagementChanged) -> Person:
    if row.engaged_from and event.effective_on < row.engaged_from:
        return row
    return replace(row, engagement=event.engagement, engaged_from=event.effective_on)


def assigned(row: Person, event: PersonAssignedToPost) -> Person:
    if row.assigned_from and event.effective_on < row.assigned_from:
        return row
    return replace(
        row,
        post=event.post,
        unit=event.unit,
        studio=event.studio,
        reports_to=event.reports_to,
        assigned_from=event.effective_on,
    )


registered_persons = Projection(name="persons", key=lambda event: Person(person=event.person), evolve=person)


@value
class EngagementFrom:
    """Holds until the next date of the person (R4)."""

    person: PersonId
    effective_on: date
    engagement: Engagement | None = None


def engaged_from(event: PersonRegistered | EngagementChanged) -> EngagementFrom:
    on = event.joined_on if isinstance(event, PersonRegistered) else event.effective_on
    return EngagementFrom(person=event.person, effective_on=on)


def engagement(row: EngagementFrom, event: PersonRegistered | EngagementChanged) -> EngagementFrom:
    return replace(row, engagement=event.engagement)


engagements = Projection(name="engagements", key=engaged_from, evolve=engagement)


@value
class Assignment:
    """Holds until the next date of the person."""

    person: PersonId
    effective_on: date
    post: PostId | None = None
    unit: UnitId | None = None
    studio: UnitId | None = None
    reports_to: PersonId | None = None


def assigned_from(event: PersonAssignedToPost) -> Assignment:
    return Assignment(person=event.person, effective_on=event.effective_on)


def assignment(row: Assignment, event: PersonAssignedToPost) -> Assignment:
    return replace(row, post=event.post, unit=event.unit, studio=event.studio, reports_to=event.reports_to)


assignments = Projection(name="assignments", key=assigned_from, evolve=assignment)

demotions = Projection(name="demotions", key=of_penalty, evolve=demotion)
