"""Child processes that die with their parent, and the directories that only one of them may use."""

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.01


class StartFailed(Exception):
    """A part could not be started; the text says what happened and what to do."""


class PortTaken(StartFailed):
    """Somebody listens on the port that a part was told to use."""


@dataclass(frozen=True, slots=True)
class User:
    """Whom a process runs as."""

    uid: int
    gid: int


def die_with_parent(parent: int, death_signal: int) -> None:
    """Have the kernel send `death_signal` to this process when the thread that made it ends, even by kill -9.

    Linux alone can do this. `parent` is the process id seen before the fork: it may be gone already.
    """
    if sys.platform == "linux":
        _prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


_prctl: Callable[[int, int], int] = ctypes.CDLL(None).prctl if sys.platform == "linux" else lambda option, value: 0


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    death_signal: int,
    environment: Mapping[str, str] | None = None,
    user: User | None = None,
    held: IO[str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a program in a session of its own, so that Ctrl-C reaches it only through us; call from the main thread.

    `held` is an open, locked file that the child inherits: the lock is the child's from then on. The log of the
    process before is kept as `.1`.
    """
    parent = os.getpid()
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
        return subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            start_new_session=True,
            pass_fds=() if held is None else (held.fileno(),),
            user=None if user is None else user.uid,
            group=None if user is None else user.gid,
            extra_groups=None if user is None else [],
            # The death signal is lost with a change of user, so it is asked for after that: preexec_fn comes last.
            preexec_fn=lambda: die_with_parent(parent, death_signal),  # noqa: PLW1509
        )


def stop(process: "subprocess.Popen[bytes]", signals: Sequence[tuple[int, float]]) -> None:
    """Send each signal in turn, waiting the seconds beside it, until the process is gone; SIGKILL comes last."""
    for number, seconds in (*signals, (signal.SIGKILL, 30.0)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def lock(path: Path, seconds: float = 0.0) -> IO[str] | None:
    """The locked file, or None when another process still holds it after `seconds`.

    The lock goes with the last process that has the file open, however that ends.
    """
    path.touch(mode=0o600)
    file = path.open("r+")
    for _ in until(seconds):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return file
    file.close()
    return None


def until(seconds: float) -> Iterator[None]:
    """Iterate at once and then every few milliseconds, until `seconds` have passed."""
    deadline = time.monotonic() + seconds
    yield
    while time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        yield


class Part(Protocol):
    """An embedded part of the system."""

    name: str
    port: int | None
    process: "subprocess.Popen[bytes] | None"

    def spawn(self) -> None: ...

    def wait(self) -> None: ...

    def stop(self) -> None: ...


def start(part: Part) -> None:
    """Spawn and wait until ready, on another port where somebody took the free one in between."""
    for _ in range(2):
        part.spawn()
        with contextlib.suppress(PortTaken):
            return part.wait()
    part.spawn()
    return part.wait()


def free_port(preferred: int | None = None) -> int:
    """A loopback port that nobody listens on: `preferred` where that is free."""
    for port in (preferred, 0) if preferred else (0,):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise StartFailed("No loopback port is free: too many programs listen on this machine.")


def private_directory(path: Path, user: User | None = None) -> Path:
    """The directory, made with mode 0700 for `user` where it is absent."""
    if not path.exists():
        path.mkdir(mode=0o700)
        if user is not None:
            os.chown(path, user.uid, user.gid)
    return path


def reachable_by_others(path: Path) -> bool:
    """Whether a user without rights of their own can come to `path` through its parents."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, indented, for an error message."""
    with contextlib.suppress(OSError):
        return "\n".join("    " + line for line in log.read_text(errors="replace").splitlines()[-lines:])
    return ""


def failure(name: str, log: Path, advice: str) -> StartFailed:
    """What to raise when a part ended instead of starting: the likely reason from its log, or the log's end."""
    said = log.read_text(errors="replace")[-20_000:] if log.exists() else ""
    if "No space left on device" in said:
        return StartFailed(f"{name} found no space left on the disk of {log.parent}. Free some and start again.")
    if "Address already in use" in said or "Address in use" in said:
        return PortTaken(f"{name} found its port taken by another program. See {log}.")
    return StartFailed(f"{name} ended instead of starting. {advice}\n  The end of {log}:\n{tail(log)}")
