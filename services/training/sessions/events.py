"""A session 培训班次: one run of a course, from its schedule to its delivery. Clauses: T-40 to T-49."""

from datetime import datetime
from enum import StrEnum

from services.vocabulary import CourseId, PersonId, SessionId, Text
from shared.value import value


class Method(StrEnum):
    INTERNAL = "internal"  # 内部培训 T-40
    EXTERNAL = "external"  # 外部培训 T-41
    ONLINE = "online"  # 在线学习 T-42
    PRACTICE = "practice"  # 实践操作 T-43
    SHARING = "sharing"  # 交流分享会 T-44


class TrainerKind(StrEnum):
    INTERNAL = "internal"  # 内部讲师
    EXTERNAL = "external"  # 外部讲师


@value
class SessionScheduled:
    session: SessionId
    course: CourseId
    starts_at: datetime
    ends_at: datetime
    place: Text
    content: Text
    method: Method
    trainer: PersonId
    trainer_kind: TrainerKind


@value
class TraineesEnrolled:
    session: SessionId
    course: CourseId
    persons: tuple[PersonId, ...]


@value
class TrainingNoticeSent:
    """The four mandatory fields (T-45) as they were told to these persons."""

    session: SessionId
    persons: tuple[PersonId, ...]
    starts_at: datetime
    place: Text
    content: Text
    method: Method


@value
class SessionDelivered:
    """Closes sign-in (T-46, T-47, T-49)."""

    session: SessionId
    course: CourseId
    started_at: datetime
    ended_at: datetime
    place: Text
    content: Text
    method: Method
    trainer: PersonId
    persons: tuple[PersonId, ...]  # enrolled


Event = SessionScheduled | TraineesEnrolled | TrainingNoticeSent | SessionDelivered
