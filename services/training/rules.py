"""The organisation's own settings for training. What is unset is "not configured", and nothing follows from it.

Clauses: T-45 (P-02), T-53 (P-07), T-54 (C-14); ruling R1.
"""

from enum import StrEnum
from typing import Annotated

from shared.explanation import Rule
from shared.policy import Issue, Open
from shared.value import value


class Chance(StrEnum):
    """What becomes of a chance that was not used."""

    OPEN = "open"
    LOST = "lost"


@value
class Notice:
    clause: str = ""
    min_lead_hours: Annotated[Rule | None, Open(code="P-02")] = (
        None  # before the start; unset: before the start is enough (P-02)
    )


@value
class MakeUp:
    clause: str = ""
    due_days: Annotated[Rule | None, Open(code="P-07")] = (
        None  # from the business date on which the make-up is granted; unset: none (P-07)
    )
    after_deadline: Chance | None = None


@value
class Absence:
    """From an exam, without an excuse."""

    clause: str = ""
    unexcused: Chance | None = None


@value
class Retraining:
    """How often a course is trained again before people decide. A chain whose session was attended after the last
    failed make-up of its course counts, whether it was named as retraining or not. Unnamed, it is counted by the chains
    that have been gathered: an import that leaves the names out may be ahead of them. A session that was attended
    before that make-up is no retraining and has its own chain."""

    clause: str = ""
    max_cycles: Rule | None = None  # per chain of retrainings; unset: unlimited (C-14)

    def __post_init__(self) -> None:
        if self.max_cycles is not None and self.max_cycles.amount < 1:
            raise ValueError("max_cycles: who fails the make-up trains again at least once (T-54)")


@value
class TrainingRules:
    issue: Issue
    notice: Notice
    make_up: MakeUp
    exam_absence: Absence
    retraining: Retraining
