"""`kaibo bench`: measure what is asked for and tell the figures."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import structlog

from cli.bench import append, http, latency, overload, readers, relay, scoring, streams, workers
from cli.bench.figure import Figure, Plan, tell
from shared.service import calm
from shared.telemetry import configure

BENCHMARKS: Mapping[str, Callable[[Path, Plan], Iterator[Figure]]] = {
    "append": append.measure,
    "fsync": append.syncs,
    "streams": streams.measure,
    "relay": relay.measure,
    "projection": readers.projection,
    "facts": readers.facts,
    "reaction": readers.reaction,
    "rebuild": readers.rebuild,
    "scoring": scoring.measure,
    "latency": latency.measure,
    "http": http.commands,
    "workers": workers.measure,
    "idle": http.processes,
    "overload": overload.measure,
}


def run(names: Sequence[str] = (), figures: Path | None = None, plan: Plan = Plan()) -> None:  # noqa: B008 frozen
    """All without names. One JSON line a figure on the output, and in the file `figures`. Raises SystemExit."""
    if unknown := [name for name in names if name not in BENCHMARKS]:
        sys.exit(f"kaibo: no benchmark {', '.join(unknown)}: one of {', '.join(BENCHMARKS)} is wanted")
    configure("json", "bench", "bench")
    calm()
    lines = []
    with tempfile.TemporaryDirectory(prefix="kaibo-bench-") as directory, open(os.devnull, "w") as nowhere:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(nowhere))
        Path(directory).chmod(0o711)  # the database's own user has to come through
        for name in names or BENCHMARKS:
            tell(name)
            for figure in BENCHMARKS[name](Path(directory), plan):
                lines.append(figure.line())
                print(figure.line().decode(), flush=True)
    if figures is not None:
        figures.write_bytes(b"".join(line + b"\n" for line in lines))
