"""`kaibo events`: what a log holds of a stream, and what travels over Kafka now. Personal texts stay tokens."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec
from aiokafka import AIOKafkaConsumer
from rich.console import Console
from rich.text import Text

from cli.state import State
from deploy.local.processes import StartFailed
from shared.event import Envelope
from shared.kafka import KafkaSettings, received
from shared.postgres import PostgresStore
from shared.settings import kafka_settings
from shared.store import Stored, until
from shared.value import BUSINESS_ZONE
from shared.wire import NotOurs, heading, meta_of

TOPICS = r"^kaibo\."
BRIEF = 400  # characters of an event that `tail` prints


@dataclass(frozen=True, slots=True)
class Line:
    """One event as a person reads it."""

    when: str
    service: str
    event: str
    stream: str
    version: int
    actor: str
    id: str
    data: str

    def text(self) -> Text:
        line = Text(f"{self.when}  ")
        line.append(f"{self.service} ", style="cyan")
        line.append(self.event, style="bold")
        line.append(f"  {self.stream} v{self.version}", style="green")
        line.append(f"  {self.data}")
        line.append(f"  {self.id} by {self.actor}", style="dim")
        return line


def show(state: State, stream: str, at_version: int | None = None, at: str | None = None) -> None:
    """Every event of a stream, oldest first, from the log of the service that has it: all, up to a version, or what
    had been recorded by a time. Raises StartFailed."""
    urls, by = state.database_urls(), moment(at) if at else None
    found = asyncio.run(history(urls, stream))
    lines = [stored_line(service, stored) for service, stored in found if until([stored], at_version, by)]
    if found and not lines:
        raise StartFailed(f"{stream} had no event then: its first was recorded at {found[0][1].recorded_at:%FT%TZ}.")
    if not lines:
        raise StartFailed(
            f"No log of {', '.join(urls)} has a stream {stream}. "
            "A stream is named like exam/PERSON/SESSION; `kaibo events tail` shows real ones."
        )
    console = Console()
    for line in lines:
        console.print(line.text(), soft_wrap=True)


def moment(text: str) -> datetime:
    """Raises StartFailed."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise StartFailed(f"{text} is no time: 2024-05-01T08:00:00Z is asked for, or 2024-05-01 in Shanghai.") from None
    return found if found.tzinfo else found.replace(tzinfo=BUSINESS_ZONE)


async def history(urls: Mapping[str, str], stream: str) -> list[tuple[str, Stored]]:
    found = []
    for service, url in urls.items():
        async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
            store = PostgresStore(pool, "", {})
            found += [(service, stored) for stored in (await store.history([stream]))[stream]]
    return found


def stored_line(service: str, stored: Stored) -> Line:
    actor = msgspec.json.decode(stored.meta, type=Envelope).actor
    return Line(
        f"{stored.occurred_at:%Y-%m-%d %H:%M:%SZ}",
        service,
        stored.type,
        stored.stream,
        stored.version,
        actor,
        stored.id,
        compact(stored.data),
    )


def tail(state: State) -> None:
    """What is published from now on, until Ctrl-C."""
    console = Console()
    Console(stderr=True).print("Listening; what is published from now on is shown. Ctrl-C ends it.")
    try:
        asyncio.run(follow(broker_settings(state.broker_environment()), console))
    except KeyboardInterrupt:
        return


def broker_settings(environment: Mapping[str, str]) -> KafkaSettings:
    """Raises StartFailed where nothing says where the broker is."""

    def need(name: str) -> str:
        if name not in environment:
            raise StartFailed(f"No broker is known: `kaibo up` starts one, or name yours in {name}.")
        return environment[name]

    return kafka_settings(need, environment)


async def follow(settings: KafkaSettings, console: Console) -> None:
    consumer = AIOKafkaConsumer(**settings.connection(), auto_offset_reset="latest", metadata_max_age_ms=5_000)
    consumer.subscribe(pattern=TOPICS)
    await consumer.start()
    try:
        async for found in consumer:
            record = received(found)
            try:
                meta, event = meta_of(record), heading(record).type
            except NotOurs as error:
                console.print(f"{found.topic}/{found.partition}: a record that is not ours: {error}", markup=False)
                continue
            line = Line(
                f"{meta.occurred_at:%Y-%m-%d %H:%M:%SZ}",
                meta.service,
                event,
                meta.stream,
                meta.version,
                meta.actor,
                meta.id,
                brief(record.value),
            )
            console.print(line.text(), soft_wrap=True)
    finally:
        await consumer.stop()


def compact(data: bytes) -> str:
    return json.dumps(json.loads(data), ensure_ascii=False, separators=(", ", ": "))


def brief(data: bytes) -> str:
    """The beginning: an event with an explanation is long, and `kaibo events show` prints it whole."""
    text = compact(data)
    return text if len(text) <= BRIEF else f"{text[:BRIEF]} … {len(text):,} characters"
