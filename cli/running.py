"""Kaibo in the background for the length of a `with`: for the demo, the benchmarks and the integration tests.

with running(directory, services=["training"]) as run:
    httpx2.get(run.services["training"].url + "/health/ready")
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cli.state import ROLES, SERVICES, Run, State
from deploy.local.environment import ROOT
from deploy.local.processes import StartFailed, spawn, stop, until

START_SECONDS = 600.0
STOP_SECONDS = 90.0


@contextmanager
def running(
    directory: Path,
    services: Sequence[str] = SERVICES,
    roles: Sequence[str] = ROLES,
    environment: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Iterator[Run]:
    """`kaibo up` on `directory` until the block ends, then drained and stopped; what is stored stays there.

    It dies with this process; enter it from the main thread. `environment` is added to ours. `tell` gets each line that
    `up` says until all is ready, so that a person sees what is being fetched. Raises StartFailed with what `up` said.
    Crashed processes get new ids: `State(directory).read_run()` says which.
    """
    directory.mkdir(mode=0o711, parents=True, exist_ok=True)
    role = roles[0] if len(roles) == 1 else "all"
    words = ["-P", "-m", "cli", "--directory", str(directory), "up", "--only", ",".join(services), "--role", role]
    process = spawn(
        [sys.executable, *words],
        log=directory / "up.log",
        death_signal=signal.SIGTERM,
        environment={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
    )
    try:
        yield wait(State(directory), process, tell)
    finally:
        stop(process, ((signal.SIGTERM, STOP_SECONDS),))


def wait(state: State, process: "subprocess.Popen[bytes]", tell: Callable[[str], None]) -> Run:
    """What runs, once `process` has written it."""
    log = state.directory / "up.log"
    with log.open() as lines:
        for _ in until(START_SECONDS):
            for line in lines:
                tell(line.removesuffix("\n"))
            run = state.read_run()
            if run is not None and run.pid == process.pid:
                return run
            if process.poll() is not None:
                raise StartFailed(log.read_text().strip().removeprefix("kaibo: "))
    raise StartFailed(f"Kaibo was not ready within {START_SECONDS:.0f} s. See {log}.")
