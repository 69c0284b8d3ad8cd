"""`kaibo test`: every check, then every test, each with its own output; pytest's summary comes last."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.local.environment import ROOT

PROGRAMS = Path(sys.executable).parent
PACKAGES = ("services", "shared", "cli", "deploy")
CHECKS = (
    ("ruff check", "check", "--quiet", "."),
    ("ruff format", "format", "--check", "."),
    ("mypy", "--strict", *PACKAGES),
    ("lint-imports",),
)
# Each process brings a database and a broker of its own. Files in their order: those that take minutes come early.
SHARED_OUT = ("--numprocesses=2", "--dist=loadfile", "--no-loadscope-reorder")


def run_all(pytest: Sequence[str]) -> int:
    """The exit code: 0 when everything passed, pytest's own when only that failed. `pytest` goes to pytest."""
    failed = [name for name, *words in CHECKS if run(name, [name.split()[0], *words]) != 0]
    print(f"\n{'✗ failed: ' + ', '.join(failed) if failed else '✓ all checks passed'}; now the tests\n", flush=True)
    code = run("pytest", ["pytest", *SHARED_OUT, *pytest])
    return code or (1 if failed else 0)


def run(name: str, command: list[str]) -> int:
    """One check from the repository's root; the exit code."""
    print(f"── {name}", flush=True)
    began = time.monotonic()
    code = subprocess.run([PROGRAMS / command[0], *command[1:]], cwd=ROOT, check=False).returncode
    if name != "pytest":
        print(f"{'✓' if code == 0 else '✗'} {name}, {time.monotonic() - began:.1f} s", flush=True)
    return code
