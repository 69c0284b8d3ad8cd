"""Complaints that viewers and customers brought to the organisation: generated, for a small share of the streams.

Clauses: A-61; C-35.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from cli.demo.chance import Chance
from cli.demo.world.figures import TROUBLED_MONTH
from cli.demo.world.organisation import ASSISTANT
from cli.demo.world.rosters import Stream
from shared.value import BUSINESS_ZONE, value

SHARE, WITHDRAWN = 0.01, 0.2  # of the streams with a crew; of the complaints
AGAINST_THE_TROUBLED = 2
WHAT = {  # by what they are about; only the first two are anybody's on the stream (C-35)
    "stream": "直播间公布的价格与实际不符。 The price shown in the stream was not the real one.",
    "assistant": "助播对提问的观众态度不好。 The assistant anchor was short with a viewer who asked.",
    "order": "发货迟了一周。 The order was sent a week late.",
    "product": "商品有破损。 The product was damaged.",
    "other": "客服电话打不通。 Nobody answered the telephone.",
}


@value
class Complaint:
    id: str
    customer: str
    subject: str
    stream: str | None
    assistant: str | None
    received_at: datetime
    withdrawn_at: datetime | None  # none: it stands


def complaints(streams: Sequence[Stream], troubled: str, chance: Chance) -> Iterator[Complaint]:
    """About every subject alike; of the most troubled assistant anchor a few more."""
    left = AGAINST_THE_TROUBLED
    for stream in streams:
        assistants = [shift.person for shift in stream.crew if shift.post == ASSISTANT]
        local = stream.started_at.astimezone(BUSINESS_ZONE)
        if left and troubled in assistants and f"{local:%Y-%m}" == TROUBLED_MONTH:
            left -= 1
            yield complaint(stream, "assistant", troubled, chance)
        elif assistants and chance.unit("complaint", stream.id) < SHARE:
            subject = chance.among(list(WHAT), "complaint about", stream.id)
            yield complaint(stream, subject, assistants[0], chance)


def complaint(stream: Stream, subject: str, assistant: str, chance: Chance) -> Complaint:
    received_at = stream.ended_at + timedelta(hours=2 + chance.below(48, "received", stream.id))
    withdrawn = subject != "assistant" and chance.unit("complaint withdrawn", stream.id) < WITHDRAWN
    return Complaint(
        id=chance.name("complaint", stream.id),
        customer=f"shop:{chance.name('customer', stream.id)}",
        subject=subject,
        stream=stream.id if subject in ("stream", "assistant") else None,
        assistant=assistant if subject == "assistant" else None,
        received_at=received_at,
        withdrawn_at=received_at + timedelta(days=2) if withdrawn else None,
    )
