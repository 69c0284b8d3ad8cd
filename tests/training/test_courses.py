from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.training.courses.decisions import Course, DesignCourse, SetAssessmentStandard, courses
from services.training.courses.events import AssessmentStandardSet, ContentArea, CourseDesigned
from services.training.courses.projections import CatalogueEntry, catalogue_entry
from services.vocabulary import CourseId
from shared.testing import given

SALES = CourseId("sales")
MAY = datetime(2024, 5, 2, 8, tzinfo=UTC)
JUNE = datetime(2024, 6, 3, 8, tzinfo=UTC)
DESIGNED = CourseDesigned(course=SALES, title="Selling", areas=(ContentArea.MARKETING_SKILLS,))


def bands(excellent: int = 90, good: int = 75, passing: int = 60) -> SetAssessmentStandard:
    return SetAssessmentStandard(
        course=SALES, excellent=Decimal(excellent), good=Decimal(good), passing=Decimal(passing)
    )


def standard(version: int, on: date, excellent: int = 90, good: int = 75, passing: int = 60) -> AssessmentStandardSet:
    return AssessmentStandardSet(
        course=SALES,
        version=version,
        excellent=Decimal(excellent),
        good=Decimal(good),
        passing=Decimal(passing),
        set_on=on,
    )


@pytest.mark.parametrize(
    "area",
    [
        pytest.param(ContentArea.BASICS, marks=pytest.mark.clause("T-34")),
        pytest.param(ContentArea.MARKETING_SKILLS, marks=pytest.mark.clause("T-35")),
        pytest.param(ContentArea.DATA_ANALYSIS, marks=pytest.mark.clause("T-36")),
        pytest.param(ContentArea.NEW_MEDIA, marks=pytest.mark.clause("T-37")),
        pytest.param(ContentArea.LAWS, marks=pytest.mark.clause("T-38")),
        pytest.param(ContentArea.TEAMWORK, marks=pytest.mark.clause("T-39")),
    ],
)
def test_a_course_of_each_content_area_is_designed_and_stands_in_the_catalogue(area: ContentArea) -> None:
    command = DesignCourse(course=SALES, title="Selling", areas=(area,))
    designed = CourseDesigned(course=SALES, title="Selling", areas=(area,))
    given(courses).when(command).then(designed).when(command).then()
    assert catalogue_entry(CatalogueEntry(course=SALES), designed).areas == (area,)


def test_areas_are_a_set() -> None:
    areas = (ContentArea.TEAMWORK, ContentArea.BASICS, ContentArea.TEAMWORK)
    designed = CourseDesigned(course=SALES, title="Selling", areas=(ContentArea.BASICS, ContentArea.TEAMWORK))
    given(courses).when(DesignCourse(course=SALES, title="Selling", areas=areas)).then(designed)
    given(courses, designed).when(DesignCourse(course=SALES, title="Selling", areas=areas[::-1])).then()


def test_a_new_design_keeps_the_standard() -> None:
    anew = DesignCourse(course=SALES, title="Selling well", areas=(ContentArea.MARKETING_SKILLS,))
    (
        given(courses, DESIGNED, standard(1, date(2024, 5, 2)))
        .when(anew)
        .then(CourseDesigned(course=SALES, title="Selling well", areas=(ContentArea.MARKETING_SKILLS,)))
        .when(bands(), now=MAY)
        .then()
    )


@pytest.mark.clause("T-51")
def test_other_bands_are_the_next_version_and_the_same_change_nothing() -> None:
    (
        given(courses, DESIGNED)
        .when(bands(), now=MAY)
        .then(standard(1, date(2024, 5, 2)))
        .when(bands(), now=JUNE)
        .then()
        .when(bands(passing=65), now=JUNE)
        .then(standard(2, date(2024, 6, 3), passing=65))
        .when(bands(), now=JUNE)
        .then(standard(3, date(2024, 6, 3)))
    )


@pytest.mark.clause("T-51")
def test_the_standard_in_force_goes_by_the_business_date() -> None:
    course = courses.state([DESIGNED, standard(1, date(2024, 6, 3)), standard(2, date(2024, 5, 2))])
    assert isinstance(course, Course)
    assert course.in_force(date(2024, 5, 1)) is None
    assert course.in_force(date(2024, 5, 31)) == standard(2, date(2024, 5, 2))
    assert course.in_force(date(2024, 6, 3)) == standard(1, date(2024, 6, 3))
    assert course.standard(1) == standard(1, date(2024, 6, 3))


@pytest.mark.parametrize("wrong", [bands(good=91), bands(passing=76), bands(passing=0)])
def test_bands_that_overlap_are_refused(wrong: SetAssessmentStandard) -> None:
    given(courses, DESIGNED).when(wrong).refused("standard.bands_overlap")


def test_a_standard_is_of_a_course() -> None:
    given(courses).when(bands()).refused("course.not_designed", course=SALES)


def test_a_standard_without_its_course_is_an_error() -> None:
    with pytest.raises(ValueError, match="without a course"):
        courses.state([standard(1, date(2024, 5, 2))])
