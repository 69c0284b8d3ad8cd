"""Apache Kafka's jars: fetched once from Maven Central, held against the committed SHA-256 list at every start."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from deploy.local.environment import BUNDLES
from deploy.local.processes import StartFailed, lock

LIST = Path(__file__).with_name("jars.sha256")
FETCH_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the list."""

    sha256: str
    group: str
    artifact: str
    version: str

    @property
    def coordinates(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def file(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    def is_in(self, file: Path) -> bool:
        return hashlib.sha256(file.read_bytes()).hexdigest() == self.sha256


def listed() -> list[Jar]:
    """What the committed list names, in its order."""
    return [
        Jar(digest, *coordinates.split(":")) for digest, coordinates in map(str.split, LIST.read_text().splitlines())
    ]


def jars(place: Path, tell: Callable[[str], None] = print) -> list[Path]:
    """The jars in `place`, each found just now to be what the list says; fetched where absent.

    Raises StartFailed when one cannot be fetched or is another than listed: it is never run.
    """
    wanted = listed()
    if not all((place / jar.file).exists() for jar in wanted):
        fetch(wanted, place, tell)
    for jar in wanted:
        if not jar.is_in(place / jar.file):
            raise StartFailed(
                f"{place / jar.file} is not the {jar.coordinates} that this version of Kaibo was made with: its "
                f"SHA-256 is not that of {LIST.name}. Nothing of it was run. Delete the file and start again: it is "
                "then fetched anew."
            )
    return [place / jar.file for jar in wanted]


def fetch(wanted: list[Jar], place: Path, tell: Callable[[str], None]) -> None:
    """What is missing in `place`, each jar moved there only once its SHA-256 is right."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        held = lock(place / "lock", FETCH_SECONDS)
        if held is None:
            raise StartFailed(f"Another program has been fetching into {place} for {FETCH_SECONDS / 60:.0f} minutes.")
        stack.enter_context(held)
        missing = [jar for jar in wanted if not (place / jar.file).exists()]
        staging = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=place, prefix="fetching-")))
        threads = stack.enter_context(ThreadPoolExecutor(8))
        tell(f"Fetching Apache Kafka from Maven Central: {len(missing)} jars")
        running = [threads.submit(fetch_one, jar, staging, place) for jar in missing]
        try:
            for count, done in enumerate(as_completed(running), 1):
                done.result()
                if count % 10 == 0:
                    tell(f"Fetching Apache Kafka: {count} of {len(missing)}")
        except OSError as error:
            raise StartFailed(
                f"Apache Kafka could not be fetched from Maven Central: {error}. The first start needs the network "
                "(HTTPS_PROXY is honoured), later ones do not. Or name a running Kafka in KAFKA_BOOTSTRAP_SERVERS."
            ) from None
        finally:
            threads.shutdown(cancel_futures=True)


def fetch_one(jar: Jar, staging: Path, place: Path) -> None:
    """jgo knows where Maven Central is and how to ask it; it does not check what comes."""
    bundle = next((path for path in BUNDLES if Path(path).is_file()), None)
    if bundle is not None:
        os.environ.setdefault("REQUESTS_CA_BUNDLE", bundle)
    from jgo.maven import MavenContext  # noqa: PLC0415 - 0.7 s of imports, needed once in a machine's life

    logging.getLogger("jgo").setLevel(logging.ERROR)
    context = MavenContext(repo_cache=staging, local_repos=[], timeout=30)
    try:
        file = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except RuntimeError as error:
        raise StartFailed(f"Maven Central did not give {jar.coordinates}: {error}. Try again later.") from None
    if not jar.is_in(file):
        raise StartFailed(
            f"What came for {jar.coordinates} from Maven Central, or from what stands before it, is not the file that "
            f"this version of Kaibo was made with: its SHA-256 is not that of {LIST.name}. It was thrown away. Try "
            "from another network."
        )
    file.replace(place / jar.file)
