"""What is imported: one command a line, as the bulk endpoints take it."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from shared.value import value


class Origin(StrEnum):
    """Where a fact comes from: what `ce_origin` says, and what the ledger keeps apart."""

    REAL = "real"  # as it stands in the files
    REAL_AND_GENERATED = "real+generated"  # a real clock or real figures, with generated persons or proportions
    FICTIONAL = "fictional"  # written by other people, of persons that do not exist
    GENERATED = "generated"  # drawn from the seed


@value
class Origins:
    """Whose words the files' people, figures and clocks are, and those of them that generated parts were added to."""

    people: Origin
    real: Origin
    mixed: Origin


OF_FILES = Origins(people=Origin.FICTIONAL, real=Origin.REAL, mixed=Origin.REAL_AND_GENERATED)
OF_GENERATOR = Origins(people=Origin.GENERATED, real=Origin.GENERATED, mixed=Origin.GENERATED)
IMPORTER = "importer"  # the actor of whatever nobody in the organisation decided


@value
class Line:
    service: str
    command: str
    body: Mapping[str, Any]
    occurred_at: datetime
    key: str  # the same line again changes nothing
    origin: Origin
    actor: str = IMPORTER
    capacity: str = "system"

    def wire(self) -> bytes:
        said = {
            "command": self.command,
            "body": self.body,
            "occurred_at": self.occurred_at,
            "key": self.key,
            "origin": self.origin,
        }
        return json.dumps(said, default=plain, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def plain(v: object) -> str:
    match v:
        case datetime():
            return v.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return v.isoformat()
        case Decimal():
            return str(v)
        case _:
            raise TypeError(f"{type(v).__name__} has no JSON")
