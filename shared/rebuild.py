"""Filling a build beside the one that is served, and having them change places.

It reads from Kafka alone, from the beginning, and no further than the served one has read. It is strict: an event
that its fold cannot take stops it; what an operator had discarded stays out. Nobody is told of anything by it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

import structlog

from shared.broker import Partition, Reader, Unavailable
from shared.facts import Facts
from shared.store import Checkpoint, Moved, NewDue
from shared.subscription import Ended, Item, Stopped, Subscription

log = structlog.get_logger()

LOOK_SECONDS = 0.2  # between two looks at how far the served one has read
PATIENCE_SECONDS = 3.0  # that the served one stands still for the switch; doubled where that was too short
LONGEST_SECONDS = 48.0


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
        """As soon as it is behind on no partition, those that other workers read included.

        The served one stands still meanwhile, so what is left to do does not grow; where it does not meet in time, that
        one goes on for as long as it stood, and stands still longer next time."""
        patience, stood = PATIENCE_SECONDS, 0.0
        while True:
            await asyncio.sleep(max(LOOK_SECONDS, stood))
            began = monotonic()
            with suppress(Unavailable, Moved):
                if self.level and await self.store.switch(self.build, patience):
                    log.info("reader.switched", reader=self.name)
                    return
            stood = monotonic() - began
            if stood > patience:
                patience = min(2 * patience, LONGEST_SECONDS)

    async def within(self, items: Sequence[Item], reader: Reader) -> Sequence[Item]:
        """Up to where the served one has read."""
        if self.bounds is None or any(self.beyond(i) for i in items):
            self.bounds = await self.look()
        allowed = await super().within(items, reader)
        self.level = not allowed
        if self.level:
            self.bounds = await self.look()
        return allowed

    def beyond(self, item: Item) -> bool:
        """Raises Stopped where the log behind a partition was replaced and nobody accepted that."""
        bounds = self.bounds or {}
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
        return found[1]

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
        if not behind:
            await super().settle(behind)

    def past_of(self, known: Mapping[Partition, Checkpoint]) -> dict[Partition, int]:
        """How far a build goes is what its bounds say."""
        return {}

    def changed(self, facts: Facts[Any, Any, Any, Any], *_: Any) -> list[NewDue]:
        """Nobody is told: the served one does that."""
        return []

    async def stand(self, error: Exception) -> None:
        log.error("reader.build_stopped", reader=self.name, reason=str(error))
        await self.write_down(str(error))
        raise Ended("it is stopped")
