"""`python -m deploy.images.keys KEYS PASSWORDS`: makes what is absent of a composition's keys. Standard library only.

KEYS is for the services: master.key and pgpass. PASSWORDS is for the database's own container: one file a role, which
another user there must be able to read.
"""

import os
import secrets
import sys
from pathlib import Path

SERVICES = ("training", "people", "performance", "supervision")


def make(keys: Path, passwords: Path) -> None:
    """Idempotent: what is there stays, or the data that it opens would be lost."""
    write(keys / "master.key", secrets.token_hex(32), 0o600)
    for role in ("postgres", *SERVICES):
        write(passwords / role, secrets.token_urlsafe(24), 0o644)
    lines = [f"*:*:{role}:{role}:{(passwords / role).read_text()}\n" for role in SERVICES]
    write(keys / "pgpass", "".join(lines), 0o600)


def write(file: Path, content: str, mode: int) -> None:
    """Whole, or not at all."""
    if file.exists():
        return
    new = file.with_name(f"{file.name}.new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as output:
        output.write(content)
    new.replace(file)


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
