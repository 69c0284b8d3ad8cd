"""The same tests on real input, where its folder is there, and on the generator's files everywhere.

The folder is `KAIBO_REAL_INPUT`, or `shared/data` beside the repository.
"""

import os
from pathlib import Path

import pytest

from cli.demo.generator import FULL, REAL, SMALL, Expected, generate
from cli.demo.inputs import Input, read_input
from cli.demo.world.lines import OF_FILES, OF_GENERATOR, Line, Origins
from cli.demo.world.telling import lines
from cli.demo.world.world import World, make_world
from shared.value import value

SEED = 7
FOLDER = Path(os.environ.get("KAIBO_REAL_INPUT", Path(__file__).parents[3] / "shared" / "data"))
REAL_INPUT = ["real"] if FOLDER.is_dir() else []
SIZES = {"small": SMALL, "full": FULL}
STAFF = {"small": 12, "full": 150, "real": 150}


@value
class Found:
    """An input with what is to be found in it."""

    name: str
    folder: Path
    input: Input
    expected: Expected
    staff: int
    origins: Origins


@pytest.fixture(scope="session", params=["small", "full", *REAL_INPUT])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    name: str = request.param
    folder = FOLDER if name == "real" else tmp_path_factory.mktemp(name)
    expected = REAL if name == "real" else generate(folder, SEED, SIZES[name])
    return Found(
        name=name,
        folder=folder,
        input=read_input(folder),
        expected=expected,
        staff=STAFF[name],
        origins=OF_FILES if name == "real" else OF_GENERATOR,
    )


@pytest.fixture(scope="session")
def world(found: Found) -> World:
    return make_world(found.input, seed=SEED, staff=found.staff, origins=found.origins)


@pytest.fixture(scope="session")
def told(world: World) -> list[Line]:
    return list(lines(world))
