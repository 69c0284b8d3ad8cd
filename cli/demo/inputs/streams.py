"""The clock of live streams: id, actual start and end in UTC, minutes. Anomalies stay in: judging them is a rule's."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from cli.demo.inputs.quiz import points
from cli.demo.inputs.tables import Cell, Row, Wrong, read_table, text, words
from shared.value import value


@value
class StreamRow:
    stream: str
    started_at: datetime
    ended_at: datetime

    @property
    def seconds(self) -> int:
        return round((self.ended_at - self.started_at).total_seconds())

    @property
    def minutes(self) -> int:
        """Full ones."""
        return self.seconds // 60


def read_streams(path: Path) -> list[StreamRow]:
    return read_table(path, stream, columns=("videoId", "actualStartTime", "actualEndTime", "duration_in_minutes"))


def stream(row: Row) -> StreamRow:
    cells = row.parsed(
        stream=("videoId", text),
        started_at=("actualStartTime", moment),
        ended_at=("actualEndTime", moment),
        stated=("duration_in_minutes", points),
    )
    stated = cells.pop("stated")
    found = StreamRow(**cells)
    if found.ended_at <= found.started_at:
        raise Wrong("is not after the start", "actualEndTime")
    if abs(stated * 60 - found.seconds) > Decimal("0.5"):
        raise Wrong(f"says {stated}, start and end are {found.seconds / 60:.2f} minutes apart", "duration_in_minutes")
    return found


def moment(cell: Cell) -> datetime:
    found = words(cell)
    try:
        read = datetime.fromisoformat(found)
    except ValueError:
        raise Wrong(f"{found!r} is no moment such as 2024-05-06T13:47:34Z") from None
    if read.tzinfo is None:
        raise Wrong(f"{found!r} does not say its time zone")
    return read.astimezone(UTC)
