"""What an organisation settles about access to archives. The regulation names no approver (P-03)."""

from typing import Annotated

from shared.explanation import Rule
from shared.policy import Issue, Open
from shared.value import value


@value
class ArchiveRules:
    issue: Issue
    clause: str
    approver_capacity: Annotated[str | None, Open(code="P-03")] = (
        None  # unset: whoever holds archive.approve in access.yaml
    )
    approval_valid_hours: Annotated[Rule | None, Open(code="P-03")] = (
        None  # unset: until the end that the application names
    )

    def __post_init__(self) -> None:
        if self.approval_valid_hours is not None and self.approval_valid_hours.amount <= 0:
            raise ValueError("approval_valid_hours is above 0")
