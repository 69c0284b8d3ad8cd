"""What follows from a violation, and what may follow at all. Clauses: T-66, T-67, S-45, A-60; C-11, C-12."""

from collections.abc import Sequence

from services.supervision.penalties.events import Mode, PenaltyKind
from services.supervision.violations.events import Severity, ViolationKind
from services.vocabulary import Text
from shared.explanation import Rule
from shared.policy import Issue
from shared.value import value


@value
class Consequence:
    """What a rule proposes for a kind of violation; `impose` is possible for criticism and education only (R3)."""

    violation: ViolationKind
    penalty: PenaltyKind
    mode: Mode = Mode.PROPOSE
    clause: str = ""

    def __post_init__(self) -> None:
        if self.mode is Mode.IMPOSE and self.penalty is not PenaltyKind.CRITICISM:
            raise ValueError(f"{self.violation}: a rule may impose criticism alone; {self.penalty} waits for a person")


@value
class Fines:
    """The switch that allows fines at all. `source` cites the law of the jurisdiction that allows them (R3)."""

    source: Text


@value
class ConsequenceRules:
    issue: Issue
    clause: str = ""
    decider_differs: bool = False  # whoever proposed a penalty may not decide on it
    consequences: tuple[Consequence, ...]
    fines: Fines | None = None  # off

    def __post_init__(self) -> None:
        kinds = [c.violation for c in self.consequences]
        if doubled := sorted({kind for kind in kinds if kinds.count(kind) > 1}):
            raise ValueError(f"consequences: {', '.join(doubled)} stands twice; one violation has one consequence")

    def of(self, violation: ViolationKind) -> Consequence | None:
        return next((c for c in self.consequences if c.violation is violation), None)


@value
class Entry:
    """A penalty that the population's regulation knows. No violations, no severities: whatever they are."""

    kind: PenaltyKind
    violations: tuple[ViolationKind, ...] = ()
    severities: tuple[Severity, ...] = ()  # P-13
    amount: Rule | None = None  # fen, of a fine; unset: not configured (P-13)
    clause: str = ""

    def __post_init__(self) -> None:
        if self.kind is PenaltyKind.DISMISSAL:
            raise ValueError("dismissal has a legal path of its own and stands in no catalogue")

    def holds(self, kind: PenaltyKind, violation: ViolationKind, severity: Severity | None) -> bool:
        return (
            kind is self.kind
            and (not self.violations or violation in self.violations)
            and (not self.severities or severity in self.severities)
        )


@value
class PenaltyCatalogue:
    """Of one population: what is not in it is refused (C-11, P-05)."""

    issue: Issue
    clause: str = ""
    penalties: tuple[Entry, ...] = ()


def find(
    catalogues: Sequence[PenaltyCatalogue], kind: PenaltyKind, violation: ViolationKind, severity: Severity | None
) -> Entry | None:
    """A person in several populations may be given what any of them knows (C-42)."""
    return next((e for c in catalogues for e in c.penalties if e.holds(kind, violation, severity)), None)
