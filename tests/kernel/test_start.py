"""A process that starts while the database is away waits for it, at whatever step it goes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from shared import service as kernel
from shared.access import HISTORY, IMPORT, OPERATE, POLICIES, TRY
from shared.broker import Unavailable
from shared.event import Contract
from shared.kafka import KafkaSettings
from shared.memory import MemoryStore
from shared.service import Service, opened
from shared.settings import Settings
from shared.value import value


@value
class Sold:
    shop: str


class GoesAway(MemoryStore):
    """Answers the second time only."""

    tries = 0

    async def prepare(self, readers: Sequence[Any]) -> None:
        self.tries += 1
        if self.tries == 1:
            raise Unavailable("the database is away")
        await super().prepare(readers)


async def start(directory: Path, monkeypatch: pytest.MonkeyPatch) -> GoesAway:
    found: list[GoesAway] = []

    async def open_store(url: str, topics: Mapping[str, int]) -> GoesAway:
        found.append(GoesAway(dict(topics)))
        return found[0]

    monkeypatch.setattr(kernel, "open_store", open_store)
    granted = "".join(f"{capability}: [system]\n" for capability in (IMPORT, OPERATE, POLICIES, TRY, HISTORY))
    (directory / "access.yaml").write_text(granted)
    shop = Service(Contract("shop", Sold), home=directory)
    settings = Settings(
        service="shop", database_url="", kafka=KafkaSettings(bootstrap_servers=""), master_key=b"k" * 32
    )
    async with opened(shop, settings):
        return found[0]


async def test_tables_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await start(tmp_path, monkeypatch)).tries == 2
