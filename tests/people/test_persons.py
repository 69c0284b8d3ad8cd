"""Persons: registered once, categories as a set, engagement and posts from their dates."""

from dataclasses import replace
from datetime import date
from itertools import permutations
from typing import Any

import pytest

from services.people.persons.decisions import AssignPersonToPost, persons
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
from services.people.persons.projections import (
    Assignment,
    EngagementFrom,
    Person,
    assignments,
    engagements,
    registered_persons,
)
from services.people.posts.decisions import posts
from services.people.posts.events import PostDefined
from services.people.units.decisions import units
from services.people.units.events import UnitDefined
from services.vocabulary import PersonId, PostId, UnitId
from shared.privacy import Contact, Name
from shared.testing import Given, given
from tests.people.recording import recorded, rows

LI, WANG = PersonId("p-li"), PersonId("p-wang")
RIVER, LIVE = UnitId("river"), UnitId("river-live")
JOINED, MAY, JUNE = date(2024, 1, 2), date(2024, 5, 1), date(2024, 6, 1)


def name(text: str) -> Any:
    """As the command edge seals it."""
    return f"enc1:{LI}:name:{text}"


REGISTERED = PersonRegistered(
    person=LI,
    name=name("a"),
    contact=name("c"),
    categories=(Category.LIVE_TEAM,),
    engagement=Engagement.EMPLOYEE,
    joined_on=JOINED,
)
ANCHOR = PostDefined(post=PostId("anchor"), title="主播", categories=(Category.LIVE_MARKETING, Category.LIVE_TEAM))
TEAM = UnitDefined(unit=LIVE, name="Live team", parent=RIVER, studio=RIVER)
TO_ANCHOR = AssignPersonToPost(person=LI, post=ANCHOR.post, unit=LIVE, effective_on=MAY)
ASSIGNED = PersonAssignedToPost(person=LI, post=ANCHOR.post, unit=LIVE, studio=RIVER, effective_on=MAY)
IN_SCOPE = CategoriesChanged(person=LI, categories=(Category.LIVE_MARKETING, Category.LIVE_TEAM))


def li(*more: Any) -> Given[Any, Any, Any]:
    """Registered, in an organisation with a post and a unit."""
    return given(persons, REGISTERED, *more).seeing(posts, ANCHOR.post, found=ANCHOR).seeing(units, LIVE, found=TEAM)


def test_a_person_is_registered_once() -> None:
    given(persons).when(REGISTERED).then(REGISTERED).when(REGISTERED).then()
    given(persons, REGISTERED).when(replace(REGISTERED, joined_on=MAY)).refused("person.registered_already")


def test_the_same_registration_again_takes_back_no_later_word() -> None:
    corrected = PersonNameCorrected(person=LI, name=name("b"))
    given(persons, REGISTERED, corrected, IN_SCOPE).when(REGISTERED).then()


def test_a_name_is_corrected_and_a_contact_that_is_not_told_stays() -> None:
    corrected = PersonNameCorrected(person=LI, name=name("b"))
    given(persons, REGISTERED).when(corrected).then(corrected).when(corrected).then()
    known = replace(corrected, contact=REGISTERED.contact)
    given(persons, REGISTERED, corrected).when(known).then()
    both = PersonNameCorrected(person=LI, name=name("b"), contact=name("d"))
    given(persons, REGISTERED, corrected).when(both).then(both).when(corrected).then()


@pytest.mark.clause("C-42")
def test_categories_are_a_set() -> None:
    """An assistant anchor is under the rules of 000, 002, 003 and 004 at once."""
    several = (Category.LIVE_MARKETING, Category.LIVE_TEAM, Category.ASSISTANT_ANCHOR, Category.E_COMMERCE)
    doubled = replace(REGISTERED, categories=(*several, *several[:2]))
    registered = replace(REGISTERED, categories=tuple(sorted(several)))
    given(persons).when(doubled).then(registered)
    for order in permutations(several):
        given(persons, registered).when(CategoriesChanged(person=LI, categories=order)).then()
    left = CategoriesChanged(person=LI, categories=(Category.E_COMMERCE,))
    given(persons, registered).when(left).then(left)


@pytest.mark.clause("C-42", "T-02")
def test_a_post_brings_its_categories_and_takes_none_away() -> None:
    li().when(TO_ANCHOR).then(ASSIGNED, IN_SCOPE)
    other = replace(ANCHOR, categories=(Category.E_COMMERCE,))
    more = CategoriesChanged(person=LI, categories=(Category.E_COMMERCE, Category.LIVE_MARKETING, Category.LIVE_TEAM))
    again = replace(TO_ANCHOR, effective_on=JUNE)
    from_june = replace(ASSIGNED, effective_on=JUNE)
    li(ASSIGNED, IN_SCOPE).seeing(posts, ANCHOR.post, found=other).when(again).then(from_june, more)


@pytest.mark.clause("R4")
@pytest.mark.parametrize("engagement", list(Engagement))
def test_an_engagement_holds_from_its_date(engagement: Engagement) -> None:
    changed = EngagementChanged(person=LI, engagement=engagement, effective_on=MAY)
    given(persons, REGISTERED).when(changed).then(changed).when(changed).then()


@pytest.mark.clause("R4")
def test_every_person_has_an_engagement_from_the_first_day_and_none_before() -> None:
    same = EngagementChanged(person=LI, engagement=Engagement.EMPLOYEE, effective_on=JOINED)
    other = EngagementChanged(person=LI, engagement=Engagement.INTERN, effective_on=JOINED)
    early = EngagementChanged(person=LI, engagement=Engagement.INTERN, effective_on=date(2024, 1, 1))
    given(persons, REGISTERED).when(same).then()
    given(persons, REGISTERED).when(other).then(other)
    given(persons, REGISTERED).when(early).refused("engagement.before_joining", joined_on=JOINED)


def test_an_assignment_states_post_unit_studio_superior_and_date() -> None:
    command = replace(TO_ANCHOR, reports_to=WANG)
    superior = replace(REGISTERED, person=WANG)
    wang = persons.state([superior])
    li(IN_SCOPE).seeing(persons, WANG, found=wang).when(command).then(replace(ASSIGNED, reports_to=WANG))


def test_the_same_assignment_again_changes_nothing_and_another_of_the_date_corrects_it() -> None:
    li(ASSIGNED, IN_SCOPE).when(TO_ANCHOR).then()
    li(replace(ASSIGNED, reports_to=WANG), IN_SCOPE).when(TO_ANCHOR).then(ASSIGNED)


@pytest.mark.parametrize(
    "command",
    [
        PersonNameCorrected(person=LI, name=name("b")),
        IN_SCOPE,
        EngagementChanged(person=LI, engagement=Engagement.INTERN, effective_on=MAY),
        TO_ANCHOR,
    ],
)
def test_whoever_is_not_registered_is_unknown(command: Any) -> None:
    given(persons).seeing(posts, ANCHOR.post, found=ANCHOR).seeing(units, LIVE, found=TEAM).when(command).refused(
        "person.unknown", person=LI
    )


@pytest.mark.parametrize("log", [(IN_SCOPE,), (ASSIGNED,), (REGISTERED, REGISTERED)])
def test_a_log_that_nobody_decided_is_an_error(log: Any) -> None:
    with pytest.raises(ValueError, match="registered"):
        persons.state(log)


def test_what_an_assignment_names_must_exist() -> None:
    li().seeing(posts, ANCHOR.post, found=None).when(TO_ANCHOR).refused("post.unknown", post=ANCHOR.post)
    li().seeing(units, LIVE, found=None).when(TO_ANCHOR).refused("unit.unknown", unit=LIVE)
    unknown = li().seeing(persons, WANG, found=None)
    unknown.when(replace(TO_ANCHOR, reports_to=WANG)).refused("person.unknown", person=WANG)
    himself = li().seeing(persons, LI, found=persons.state([REGISTERED]))
    himself.when(replace(TO_ANCHOR, reports_to=LI)).refused("assignment.reports_to_himself")
    li().when(replace(TO_ANCHOR, effective_on=date(2024, 1, 1))).refused("assignment.before_joining")


SAID = (
    REGISTERED,
    PersonNameCorrected(person=LI, name=Name(name("b"))),
    ASSIGNED,
    IN_SCOPE,
    EngagementChanged(person=LI, engagement=Engagement.BROKERAGE, effective_on=JUNE),
    EngagementChanged(person=LI, engagement=Engagement.INTERN, effective_on=date(2024, 3, 1)),  # said late
    replace(ASSIGNED, post=PostId("trainee"), effective_on=date(2024, 2, 1)),
)
HISTORY = recorded((f"person/{LI}", event) for event in SAID)


def test_a_person_is_listed_with_post_studio_categories_and_engagement() -> None:
    assert rows(registered_persons, HISTORY) == [
        Person(
            person=LI,
            name=Name(name("b")),
            contact=Contact(name("c")),
            categories=IN_SCOPE.categories,
            joined_on=JOINED,
            engagement=Engagement.BROKERAGE,
            engaged_from=JUNE,
            post=ANCHOR.post,
            unit=LIVE,
            studio=RIVER,
            assigned_from=MAY,
        )
    ]


@pytest.mark.clause("R4")
def test_engagements_and_posts_are_listed_from_date_to_date() -> None:
    assert {(row.effective_on, row.engagement) for row in rows(engagements, HISTORY)} == {
        (JOINED, Engagement.EMPLOYEE),
        (date(2024, 3, 1), Engagement.INTERN),
        (JUNE, Engagement.BROKERAGE),
    }
    assert {(row.effective_on, row.post, row.studio) for row in rows(assignments, HISTORY)} == {
        (date(2024, 2, 1), "trainee", RIVER),
        (MAY, "anchor", RIVER),
    }
    assert (engagements.row, assignments.row) == (EngagementFrom, Assignment)


def test_who_is_erased_stays_erased_and_nothing_more_is_recorded_of_him() -> None:
    erased = PersonErased(person=LI)
    given(persons).when(erased).refused("person.unknown")
    gone = given(persons, REGISTERED).when(erased).then(erased)
    gone.when(erased).then()
    for command in (REGISTERED, PersonNameCorrected(person=LI, name=name("b")), TO_ANCHOR):
        li(erased).when(command).refused("person.erased")
    superior = replace(TO_ANCHOR, reports_to=WANG)
    li().seeing(persons, WANG, found=PersonErased(person=WANG)).when(superior).refused("person.unknown")
