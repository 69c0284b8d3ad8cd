"""The monthly appraisal cycle 考核周期. Clauses: S-37, O-95; ruling R11."""

from services.vocabulary import Month, Text
from shared.value import value


@value
class CycleOpened:
    """With a reason why nobody is rated in it, where the month is not fully covered by facts (April 2024)."""

    month: Month
    not_rated: Text | None = None
