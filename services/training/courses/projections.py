"""What can be asked about courses: the catalogue, and every standard that was ever set."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from services.training.courses.events import AssessmentStandardSet, ContentArea, CourseDesigned
from services.vocabulary import CourseId
from shared.projection import Projection
from shared.value import value


@value
class CatalogueEntry:
    course: CourseId
    title: str = ""
    areas: tuple[ContentArea, ...] = ()
    standard: int | None = None  # version of the last that was set; none: nothing can be graded yet (T-51)


def catalogue_entry(row: CatalogueEntry, event: CourseDesigned | AssessmentStandardSet) -> CatalogueEntry:
    match event:
        case CourseDesigned():
            return replace(row, title=event.title, areas=event.areas)
        case AssessmentStandardSet():
            return replace(row, standard=event.version)


catalogue = Projection(name="catalogue", key=lambda event: CatalogueEntry(course=event.course), evolve=catalogue_entry)


@value
class Standard:
    """The score from which each grade is given."""

    course: CourseId
    version: int
    excellent: Decimal | None = None
    good: Decimal | None = None
    passing: Decimal | None = None
    set_on: date | None = None


def standard(row: Standard, event: AssessmentStandardSet) -> Standard:
    return replace(row, excellent=event.excellent, good=event.good, passing=event.passing, set_on=event.set_on)


standards = Projection(
    name="standards", key=lambda event: Standard(course=event.course, version=event.version), evolve=standard
)
