"""What a member of the supervision group saw. Clauses: A-26, A-27, A-51; C-44."""

from datetime import datetime

from services.vocabulary import PersonId, Score, StreamId
from shared.privacy import Note
from shared.value import value


@value
class StreamObserved:
    """Immutable; a correction is the same observation again. All four criteria (A-27) are marked, 0 to 100."""

    observation: str
    stream: StreamId
    person: PersonId  # the assistant anchor, or anchor, who was observed
    observer: PersonId
    capacity: str  # in which the observer looked: explanations name it, not him
    observed_at: datetime
    started_at: datetime  # of the stream: whose month this belongs to
    language: Score  # 语言表达
    interaction: Score  # 互动效果
    product_accuracy: Score  # 产品介绍准确性
    emergency_handling: Score  # 应急处理能力
    note: Note | None = None
    conflict: bool  # the observer was on that stream himself (C-44)
    settled: bool = False  # a mark was corrected upon an objection: it is no longer the observer's to change (R7)


Event = StreamObserved
