"""A seeded bug is met by everybody, and is gone afterwards."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.seeded.patching import mutated

SOURCE = """
from contextlib import contextmanager
from functools import lru_cache

LIMIT = 3

def allowed(count):
    return count <= LIMIT

@lru_cache
def doubled(count):
    return count * 2

@contextmanager
def counting():
    yield 1

class Counter:
    def __init__(self):
        self.count = 0

    def up(self):
        self.count += 1
        return self.count

    @property
    def next(self):
        return self.count + 1

    @staticmethod
    def first():
        return 1

TABLE = {str(n): n for n in range(3)}
"""


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    path = tmp_path / "sample.py"
    path.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("sample", path)
    assert spec is not None
    assert spec.loader is not None
    sample = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sample)
    return sample


def entered(sample: ModuleType) -> object:
    with sample.counting() as count:
        return count


@pytest.mark.parametrize(
    ("old", "new", "call"),
    [
        ("count <= LIMIT", "count < LIMIT", lambda sample: sample.allowed(3)),
        ("LIMIT = 3", "LIMIT = 2", lambda sample: sample.allowed(3)),
        ("count * 2", "count * 3", lambda sample: sample.doubled(5)),
        ("yield 1", "yield 2", entered),
        ("self.count += 1", "self.count += 2", lambda sample: sample.Counter().up()),
        ("return self.count + 1", "return self.count", lambda sample: sample.Counter().next),
        ("        return 1", "        return 0", lambda sample: sample.Counter.first()),
    ],
)
def test_the_bug_is_there_and_gone(
    module: ModuleType, old: str, new: str, call: Callable[[ModuleType], object]
) -> None:
    right = call(module)
    module.doubled.cache_clear()
    with mutated(module, old, new):
        assert call(module) != right
    module.doubled.cache_clear()
    assert call(module) == right


def test_who_imported_it_before_meets_it(module: ModuleType) -> None:
    allowed, counter = module.allowed, module.Counter()
    with mutated(module, "count <= LIMIT", "False"), mutated(module, "self.count += 1", "self.count -= 1"):
        assert not allowed(1)
        assert counter.up() == -1
    assert allowed(1)


@pytest.mark.parametrize(
    ("old", "new"), [("not there", "1"), ("count", "1"), ("range(3)", "[]"), ("import lru_cache", "import cache")]
)
def test_a_bug_that_cannot_be_seeded_is_an_error(module: ModuleType, old: str, new: str) -> None:
    with pytest.raises((LookupError, ValueError)), mutated(module, old, new):
        pass
