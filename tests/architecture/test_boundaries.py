"""The boundaries are lints; each is seen failing on a violation that is put into a copy of the tree."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("services", "shared", "cli", "deploy")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tree)
    return tree


def broken(tree: Path) -> set[str]:
    """Names of the contracts that do not hold."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False)
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return set(re.findall(r"^(.+) BROKEN", done.stdout, re.MULTILINE))


def test_the_tree_keeps_its_boundaries(copy: Path) -> None:
    assert broken(copy) == set()


@pytest.mark.parametrize(
    ("module", "imported", "contract"),
    [
        ("shared/event.py", "services.vocabulary", "The kernel knows no service"),
        (
            "services/training/exams/api.py",
            "services.people.persons.events",
            "A service knows of others their contracts alone",
        ),
        ("services/training/exams/decisions.py", "asyncpg", "What decides, folds or reacts touches no I/O"),
        ("shared/desk.py", "shared.postgres", "What runs the kernel knows the ports, not the adapters"),
        ("cli/chaos/oracle.py", "shared.projection", "The oracle shares no code with what it judges"),
    ],
)
def test_a_violation_is_seen(copy: Path, module: str, imported: str, contract: str) -> None:
    path = copy / module
    text = path.read_text()
    path.write_text(f"{text}\nimport {imported}  # noqa\n")
    try:
        assert contract in broken(copy)
    finally:
        path.write_text(text)


DOMAIN = (
    "anchor", "training", "exam(?!pl)", "penalt", "award", "studio", "review", "violation", "trainee", "course", "kpi",
    "appraisal", "supervision", "performance", "主播", "培训", "考核",
)  # fmt: skip


def words(text: str) -> set[str]:
    return {word for word in DOMAIN if re.search(rf"(?<![a-z]){word}", text.lower())}


def test_the_kernel_holds_no_word_of_the_domain() -> None:
    found = {path.name: words(path.read_text()) for path in (ROOT / "shared").glob("*") if path.is_file()}
    assert {name: hits for name, hits in found.items() if hits} == {}
    assert words("def exam_of(anchor)") == {"exam(?!pl)", "anchor"}  # the check can fail


def test_every_module_of_a_slice_has_a_name_that_says_what_it_is() -> None:
    forbidden = {"utils", "helpers", "manager", "base", "common", "misc"}
    found = {path.stem for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    assert found & forbidden == set()


def test_the_design_names_every_module_of_the_kernel() -> None:
    table = "\n".join(line for line in (ROOT / "docs/design.md").read_text().splitlines() if line.startswith("| "))
    modules = {path.stem for path in (ROOT / "shared").glob("*.py")} - {"__init__"}
    assert {module for module in modules if not re.search(rf"\b{module}\b", table)} == set()
