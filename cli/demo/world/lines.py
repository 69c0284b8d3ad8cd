"""What is imported: one command a line, as the bulk endpoints take it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from shared.value import value

encode = msgspec.json.Encoder(decimal_format="string").encode


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
        return encode(said) + b"\n"
