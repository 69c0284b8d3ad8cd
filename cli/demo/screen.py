"""What a person sees while the demo works: a bar a service, then how much is left until all is caught up."""

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Bars:
    """Progress bars that stay on the screen phase by phase. Use it as a context."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.progress = Progress(*columns, console=console)
        self.waiting: TaskID | None = None

    def __enter__(self) -> "Bars":
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()

    def begin(self, name: str, total: int | None) -> Callable[[int], None]:
        task = self.progress.add_task(name, total=total)
        return lambda times: self.progress.advance(task, times)

    def wait(self, name: str) -> Callable[[int, int], None]:
        task = self.waiting = self.progress.add_task(f"{name}: caught up", total=None)
        most = 0

        def told(left: int, _: int) -> None:
            nonlocal most
            most = max(most, left)
            self.progress.update(task, total=most or 1, completed=(most or 1) - left)

        return told

    def end(self) -> None:
        self.waiting = None


class Following:
    """Shows the last line that another process writes to a file, while it starts. Use it as a context."""

    def __init__(self, console: Console, path: Path) -> None:
        self.path, self.over = path, Event()
        self.status = console.status("Starting PostgreSQL, Kafka and four services")
        self.thread = Thread(target=self.follow, daemon=True)

    def __enter__(self) -> "Following":
        self.path.unlink(missing_ok=True)
        self.status.start()
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self.thread.join()
        self.status.stop()

    def follow(self) -> None:
        while not self.over.wait(0.2):
            lines = self.path.read_text(errors="replace").split("\n") if self.path.exists() else []
            if told := [line for line in lines if line.strip()]:
                self.status.update(told[-1][:100])
