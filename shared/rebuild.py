"""Filling a build beside the one that is served, and having them change places.

It reads from Kafka alone, from the beginning, and no further than the served one has read. It is strict: an event
that its fold cannot take stops it; what an operator had discarded stays out. Nobody is told of anything by it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog

from shared.broker import Partition, Reader, Unavailable
from shared.facts import Facts
from shared.store import Checkpoint, Moved, NewDue
from shared.subscription import Ended, Item, Stopped, Subscription

log = structlog.get_logger()

LOOK_SECONDS = 0.2  # between two looks at how far the served one has read
PATIENCE_SECONDS = 3.0  # that the served one stands still, at the most, for the switch


class Rebuild(Subscription):
    """Ends when it is served: then it goes on as any other."""

    bounds: Mapping[Partition, Checkpoint] | None  # where the served one stood when it was looked at last
    level: bool  # the last look found nothing that may be read

    async def run(self) -> None:
        self.bounds, self.level = None, False
        tasks = [asyncio.create_task(super().run()), asyncio.create_task(self.switch())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                with suppress(Ended):
                    task.result()

    async def switch(self) -> None:
        """As soon as it is behind on no partition, those that other workers read included."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with suppress(Unavailable, Moved):
                if self.level and await self.store.switch(self.build, PATIENCE_SECONDS):
                    log.info("reader.switched", reader=self.name)
                    return

    async def within(self, items: Sequence[Item], reader: Reader) -> Sequence[Item]:
        """Up to where the served one has read; the rest is read again later."""
        bounds = self.bounds
        if bounds is None or any(self.beyond(i, bounds) for i in items):
            bounds = await self.look()
        allowed = [i for i in items if not self.beyond(i, bounds)]
        rest = [i for i in items if self.beyond(i, bounds)]
        if rest:
            reader.rewind({i.partition: i.record.offset for i in reversed(rest)})
        self.level = not allowed
        if self.level:
            await asyncio.sleep(LOOK_SECONDS if rest else 0)
            await self.look()
        return allowed

    def beyond(self, item: Item, bounds: Mapping[Partition, Checkpoint]) -> bool:
        """Raises Stopped where the log behind a partition was replaced and nobody accepted that."""
        bound = bounds.get(item.partition)
        if bound is None:
            return item.partition[0] in {topic for topic, _ in bounds}
        if bound.log and bound.log != item.heading.log:
            if not self.build.accepts:
                raise Stopped(
                    f"{item.partition[0]} comes from log {item.heading.log}, what is served has read {bound.log}: "
                    f"`kaibo readers accept` builds {self.build.name} from the new log"
                )
            return False
        return item.heading.position > bound.position

    async def look(self) -> Mapping[Partition, Checkpoint]:
        found = await self.store.standing(self.build.name)
        if found is None or found[0].reader == self.name:
            raise Ended("it is served")
        self.bounds = found[1]
        return self.bounds

    async def apply(self, items: Sequence[Item], poison: Exception | None = None) -> None:
        if poison:
            at = items[0]
            raise Stopped(
                f"{at.heading.type} {at.heading.id} of {at.heading.stream} at {at.partition[0]}/{at.partition[1]}/"
                f"{at.heading.position}: {poison!r}; mend the fold, then `kaibo readers rebuild` goes on"
            ) from poison
        await super().apply(items)

    async def settle(self, behind: bool) -> None:
        """Once it is level: what is computed on the way there would be computed again."""
        if not behind or self.level:
            await super().settle(behind=False)

    async def in_the_past(self) -> bool:
        return False

    def changed(self, facts: Facts[Any, Any, Any, Any], *_: Any) -> list[NewDue]:
        """Nobody is told: the served one does that."""
        return []

    async def stand(self, error: Exception) -> None:
        log.error("reader.build_stopped", reader=self.name, reason=str(error))
        await self.write_down(str(error))
        raise Ended("it is stopped")
