"""A course 课程, what it is about, and the standard by which its trainees are assessed. Clauses: T-34 to T-39, T-51."""

from datetime import date
from enum import StrEnum

from services.vocabulary import CourseId, Score, Text
from shared.value import value


class ContentArea(StrEnum):
    BASICS = "basics"  # 直播营销基础知识 T-34
    MARKETING_SKILLS = "marketing_skills"  # 营销技巧 T-35
    DATA_ANALYSIS = "data_analysis"  # 数据分析 T-36
    NEW_MEDIA = "new_media"  # 新媒体运营 T-37
    LAWS = "laws"  # 法律法规 T-38
    TEAMWORK = "teamwork"  # 团队协作 T-39


@value
class CourseDesigned:
    """The same course again with other particulars is its new design."""

    course: CourseId
    title: Text
    areas: tuple[ContentArea, ...]  # sorted, each once


@value
class AssessmentStandardSet:
    """考核标准 (T-51): the score from which each grade is given; below `passing` is a fail."""

    course: CourseId
    version: int
    excellent: Score
    good: Score
    passing: Score
    set_on: date  # in force from this business date


Event = CourseDesigned | AssessmentStandardSet
