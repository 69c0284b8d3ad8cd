"""A version that was loaded once never says anything else and never goes: otherwise a service refuses to start."""

from pathlib import Path

import pytest

from services.supervision.main import service
from shared.desk import Desk
from shared.memory import MemoryStore
from shared.policy import Policies, PolicyError
from shared.postgres import open_store
from shared.service import keep
from shared.store import Store

RULES = "# whose\nkind: StreamRules\nissue: {policy: stream_rules, version: 2}\nmax_hours: 12\n"


def loaded(folder: Path, text: str) -> Policies:
    (folder / "rules.yaml").write_text(text)
    return service.load_policies(folder)


def desk(store: Store, policies: Policies) -> Desk:
    return Desk(store, service.contract, service.contracts, dict.fromkeys(service.contract.topics, 2), policies)


async def starts(store: Store, policies: Policies) -> None:
    await keep(policies, store, desk(store, policies))


async def held(store: Store, folder: Path) -> None:
    await starts(store, loaded(folder, RULES))
    await starts(store, loaded(folder, RULES.replace("# whose", "# another comment") + "\n"))
    with pytest.raises(PolicyError, match=r"rules\.yaml: stream_rules:2 says something else than when it was first"):
        await starts(store, loaded(folder, RULES.replace("12", "14")))
    (folder / "next.yaml").write_text(RULES.replace("12", "14").replace("version: 2", "version: 3"))
    await starts(store, loaded(folder, RULES))
    (folder / "next.yaml").unlink()
    with pytest.raises(PolicyError, match=r"^stream_rules:3: loaded here before, and in no policy file now"):
        await starts(store, loaded(folder, RULES))
    with pytest.raises(PolicyError, match=r"^stream_rules:2, stream_rules:3: loaded here before"):
        await starts(store, service.load_policies(None))
    assert await store.maximum() == 0


async def test_a_version_that_was_loaded_never_changes(tmp_path: Path) -> None:
    await held(MemoryStore(dict.fromkeys(service.contract.topics, 2)), tmp_path)


async def test_nor_on_the_real_database(tmp_path: Path, database: str) -> None:
    store = await open_store(database, dict.fromkeys(service.contract.topics, 2))
    try:
        await held(store, tmp_path)
    finally:
        await store.close()
