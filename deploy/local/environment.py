"""Make `.venv` as requirements.lock says. Runs before anything is installed: standard library only.

The copy of the lock inside `.venv` is written last, so a broken installation is done again.
"""

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


class EnvironmentFailed(Exception):
    """The environment could not be made; the text says what to do."""


def environment_variables(state: Path) -> dict[str, str]:
    """Ours, with the system's certificates named and the caches in `state` where HOME cannot be written."""
    variables = dict(os.environ)
    bundle = next((path for path in BUNDLES if Path(path).is_file()), None)
    if bundle is not None:
        for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
            variables.setdefault(name, bundle)
    if not home_is_writable():
        variables.setdefault("UV_CACHE_DIR", str(state / "cache" / "uv"))
        variables.setdefault("PIP_CACHE_DIR", str(state / "cache" / "pip"))
    variables.pop("VIRTUAL_ENV", None)
    return variables


def home_is_writable() -> bool:
    """Whether caches can be kept where they usually are."""
    home = Path(os.path.expanduser("~"))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return os.access(cache if cache.exists() else home, os.W_OK)


def run(command: list[str], variables: dict[str, str], failure: str) -> None:
    """Run with its output shown, less the list of each package installed; or raise with what to do."""
    with subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr or ():
            if not line.startswith((" + ", " - ", " ~ ")):
                print(line, end="", file=sys.stderr, flush=True)
    if process.returncode != 0:
        raise EnvironmentFailed(failure)


def make_venv(venv: Path, uv: str | None, variables: dict[str, str]) -> None:
    """A new, empty `.venv`; uv needs no `venv` module, which bare Debian lacks."""
    print(f"kaibo: making {venv.name} with Python {sys.version.split()[0]}", flush=True)
    shutil.rmtree(venv, ignore_errors=True)
    if uv is not None:
        command = [uv, "venv", "--quiet", "--python", sys.executable, str(venv)]
    elif importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise EnvironmentFailed(
            f"{sys.executable} has no `venv`. Debian, Ubuntu: apt install python{version}-venv; then run it again."
        )
    else:
        command = [sys.executable, "-m", "venv", str(venv)]
    run(command, variables, f"{venv} could not be made: see above. Is the disk full, or {venv.parent} not writable?")


def locked(lock: str, package: str) -> str:
    """The lines of one package in the lock, with its hashes."""
    found = re.search(rf"^{package}==(?:.*\\\n)+.*\n", lock, re.MULTILINE)
    if found is None:
        raise EnvironmentFailed(f"requirements.lock does not name {package}: take it from the repository again.")
    return found.group()


def install_uv(python: Path, lock: str, variables: dict[str, str]) -> None:
    """uv as the lock pins it, by pip."""
    print("kaibo: fetching uv", flush=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirement:
        requirement.write(locked(lock, "uv"))
        requirement.flush()
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run(
            [*pip, "--require-hashes", "--no-deps", "-r", requirement.name],
            variables,
            "uv could not be fetched: see above. The package index must be reachable on the first start.",
        )


def make(root: Path) -> None:
    """Bring `.venv` to what requirements.lock says."""
    state, venv, lock = root / ".kaibo", root / ".venv", root / "requirements.lock"
    state.mkdir(mode=0o711, exist_ok=True)
    variables, python, stamp = environment_variables(state), venv / "bin" / "python", venv / "requirements.lock"
    with (state / "environment.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        wanted = lock.read_text()
        if stamp.exists() and stamp.read_text() == wanted and works(python):
            return
        uv = shutil.which("uv")
        if not works(python):
            make_venv(venv, uv, variables)
        stamp.unlink(missing_ok=True)
        if uv is None:
            uv = str(venv / "bin" / "uv")
            if not Path(uv).exists():
                install_uv(python, wanted, variables)
        print(f"kaibo: installing {len(re.findall('^[a-z0-9].*==', wanted, re.MULTILINE))} packages", flush=True)
        run(
            [uv, "--system-certs", "pip", "sync", "--require-hashes", "--python", str(python), str(lock)],
            variables,
            "the packages could not be installed: see above. A changed lock needs the package index.",
        )
        shutil.copyfile(lock, stamp)


def works(python: Path) -> bool:
    """Whether this `.venv` has a Python that still runs."""
    try:
        return subprocess.run([str(python), "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    try:
        make(ROOT)
    except (EnvironmentFailed, OSError) as error:
        sys.exit(f"kaibo: {error}")
