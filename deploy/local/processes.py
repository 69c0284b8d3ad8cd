"""Child processes that die with their parent, and the directories that only one of them may use."""

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
POLL_SECONDS = 0.01
LITTLE_SPACE = 1_000_000  # bytes: less than what any part writes as it starts


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


_prctl: Callable[[int, int | bytes], int] = ctypes.CDLL(None).prctl if sys.platform == "linux" else lambda *_: 0


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
    with open(fresh(log), "ab") as output:
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


class Process(Protocol):
    """What a started program and a fork of ourselves have in common."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...

    def send_signal(self, sig: int, /) -> None: ...

    def wait(self, timeout: float | None = None) -> int: ...


class Fork:
    """A copy of this process that runs `work` and ends; make it before any thread or event loop exists.

    It has a session of its own, the signals' default actions, its output in `log`, and dies with its parent.
    """

    def __init__(self, work: Callable[[], object], log: Path) -> None:
        parent = os.getpid()
        self.returncode: int | None = None
        # No signal may reach our handlers in the copy.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                become(parent, log)
                work()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
                if isinstance(end.code, str):
                    print(end.code, file=sys.stderr)
            except StartFailed as failed:
                print(failed, file=sys.stderr)
            except BaseException:  # noqa: BLE001 - the copy ends here, whatever it was
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; raises subprocess.TimeoutExpired."""
        for _ in until(float("inf") if timeout is None else timeout):
            code = self.poll()
            if code is not None:
                return code
        raise subprocess.TimeoutExpired("fork", timeout or 0.0)


def become(parent: int, log: Path) -> None:
    """Make a new fork independent of its parent's terminal, signals and files."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.setsid()
    die_with_parent(parent, signal.SIGKILL)
    if sys.platform == "linux":
        _prctl(PR_SET_NAME, log.stem.encode())
    output = fresh(log)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.closerange(3, min(os.sysconf("SC_OPEN_MAX"), 65_536))


def fresh(log: Path) -> int:
    """The descriptor of a new, private log; the one before is kept as `.1`."""
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def stop(process: Process, signals: Sequence[tuple[int, float]]) -> None:
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
        path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        path.mkdir(mode=0o700)
        if user is not None:
            os.chown(path, user.uid, user.gid)
    return path


@contextlib.contextmanager
def temporary_directory() -> Iterator[Path]:
    """An empty directory that is gone afterwards and that the embedded parts of root can enter too."""
    path = Path(tempfile.mkdtemp(prefix="kaibo-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path)


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
    full = shutil.disk_usage(log.parent).free < LITTLE_SPACE
    if full or "No space left on device" in said:
        return StartFailed(f"{name} found no space left on the disk of {log.parent}. Free some and start again.")
    if "Address already in use" in said or "Address in use" in said:
        return PortTaken(f"{name} found its port taken by another program. See {log}.")
    return StartFailed(f"{name} ended instead of starting. {advice}\n  The end of {log}:\n{tail(log)}")
