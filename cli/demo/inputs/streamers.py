"""A year's figures of streamers: a table without a header."""

from pathlib import Path

from cli.demo.inputs.tables import Cell, Row, Wrong, read_table, text, whole
from shared.value import value

COLUMNS = (
    "channel", "watch time", "stream time", "peak viewers", "average viewers", "followers", "followers gained",
    "views gained", "partnered", "mature", "language",
)  # fmt: skip


@value
class Streamer:
    channel: str
    stream_minutes: int  # in the year
    average_viewers: int
    followers_gained: int  # less than none where more left than came
    views_gained: int


def read_streamers(path: Path) -> list[Streamer]:
    return read_table(path, streamer, columns=COLUMNS, header=False)


def streamer(row: Row) -> Streamer:
    cells = row.parsed(
        channel=("channel", text),
        stream_minutes=("stream time", positive),
        average_viewers=("average viewers", positive),
        followers_gained=("followers gained", whole),
        views_gained=("views gained", positive),
    )
    return Streamer(**cells)


def positive(cell: Cell) -> int:
    if (found := whole(cell)) <= 0:
        raise Wrong(f"{found} is not above 0")
    return found
