"""Courses over HTTP."""

from services.training.courses.decisions import DesignCourse, SetAssessmentStandard, courses
from services.training.courses.projections import CatalogueEntry, Standard, catalogue, standards
from services.vocabulary import CourseId
from shared.access import requires
from shared.web import Accepted, Handle, Page, Paging, Read, Router

router = Router(prefix="/courses", tags=["courses"])


@router.post("/design", status_code=202, dependencies=[requires("course.design")])
async def design(command: DesignCourse, handle: Handle) -> Accepted:
    """Design a course of one or more of the six content areas, or design it anew. Clauses: T-34 to T-39."""
    return await handle(courses, command)


@router.post("/standard", status_code=202, dependencies=[requires("standard.set")])
async def set_standard(command: SetAssessmentStandard, handle: Handle) -> Accepted:
    """Set the score from which each grade is given. Other bands are the next version. Clause: T-51."""
    return await handle(courses, command)


@router.get("/{course}", dependencies=[requires("course.read")])
async def course(course: CourseId, read: Read) -> CatalogueEntry:
    """What a course is about. Clauses: T-34 to T-39."""
    return await read(catalogue, CatalogueEntry(course=course))


@router.get("/{course}/standards", dependencies=[requires("course.read")])
async def standards_of(course: CourseId, read: Read, paging: Paging) -> Page[Standard]:
    """Every standard that was ever set for a course, by version. Clause: T-51."""
    return await read.page(standards, paging, course=course)


@router.get("", dependencies=[requires("course.read")])
async def listed(read: Read, paging: Paging) -> Page[CatalogueEntry]:
    """The catalogue. Clauses: T-34 to T-39, T-51."""
    return await read.page(catalogue, paging)
