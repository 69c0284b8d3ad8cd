"""What each live stream came to, and whose it is: what the totals of a studio or of the organisation are made of."""

from collections.abc import Mapping
from dataclasses import field, replace

from services.supervision.contracts import Shift, StreamEnded, StreamMetricsRecorded
from services.vocabulary import Figure, Month, StreamId, UnitId, month
from shared.projection import Projection
from shared.value import value


@value
class StreamFigures:
    """Without a month it has not ended yet; `figures` are none before they are recorded."""

    stream: StreamId
    month: Month = Month("")
    studio: UnitId = UnitId("")
    too_long: bool = False
    crew: tuple[Shift, ...] = ()
    figures: Mapping[Figure, int] = field(default_factory=dict)


def stream_figure(row: StreamFigures, event: StreamEnded | StreamMetricsRecorded) -> StreamFigures:
    match event:
        case StreamEnded():
            return replace(
                row, month=month(event.started_at), studio=event.studio, too_long=event.too_long, crew=event.crew
            )
        case StreamMetricsRecorded():
            return replace(row, figures={name: int(getattr(event, name)) for name in Figure})


stream_figures = Projection(
    name="stream_figures", key=lambda event: StreamFigures(stream=event.stream), evolve=stream_figure
)
