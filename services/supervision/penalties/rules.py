"""What follows from a violation, and what may follow at all. Clauses: T-66, T-67, S-45, A-60; C-11, C-12."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from services.supervision.penalties.events import Mode, PenaltyKind
from services.supervision.violations.events import Severity, ViolationKind
from services.vocabulary import RANKED, Text
from shared.explanation import Rule
from shared.marked import Wrong
from shared.policy import Clash, Document, Issue, Open, Policies
from shared.value import value

FINES_ARE_OFF = "fines are off: `fines: {source: …}` of the consequence rules cites the law that allows them (R3)"


@value
class Consequence:
    """What a rule proposes for a kind of violation; `impose` is possible for criticism and education only (R3)."""

    violation: ViolationKind
    penalty: PenaltyKind
    mode: Mode = Mode.PROPOSE
    clause: str = ""

    def __post_init__(self) -> None:
        if self.mode is Mode.IMPOSE and self.penalty is not PenaltyKind.CRITICISM:
            raise Wrong(
                f"{self.violation}: a rule may impose criticism alone; {self.penalty} waits for a person", "mode"
            )
        if self.penalty is PenaltyKind.DISMISSAL:
            raise Wrong(f"{self.violation}: no rule proposes dismissal, which has a legal path of its own", "penalty")


@value
class Fines:
    """The switch that allows fines at all. `source` cites the law of the jurisdiction that allows them (R3)."""

    source: Text


@value
class ConsequenceRules:
    refuses: ClassVar = RANKED

    issue: Issue
    clause: str = ""
    decider_differs: bool = False  # whoever proposed a penalty may not decide on it
    consequences: tuple[Consequence, ...]
    fines: Fines | None = None  # off

    def __post_init__(self) -> None:
        kinds = [c.violation for c in self.consequences]
        if doubled := sorted({kind for kind in kinds if kinds.count(kind) > 1}):
            raise Wrong(f"{', '.join(doubled)} stands twice; one violation has one consequence", "consequences")
        for i, consequence in enumerate(self.consequences):
            if consequence.penalty is PenaltyKind.FINE and self.fines is None:
                raise Wrong(FINES_ARE_OFF, "consequences", i, "penalty")

    def of(self, violation: ViolationKind) -> Consequence | None:
        return next((c for c in self.consequences if c.violation is violation), None)


@value
class Entry:
    """A penalty that the population's regulation knows. No violations, no severities: whatever they are."""

    kind: PenaltyKind
    violations: tuple[ViolationKind, ...] = ()
    severities: Annotated[tuple[Severity, ...], Open(code="P-13")] = ()  # P-13
    amount: Annotated[Rule | None, Open(code="P-13")] = None  # fen, of a fine or a deduction of bonus (P-13)
    clause: str = ""

    def holds(self, kind: PenaltyKind, violation: ViolationKind, severity: Severity | None) -> bool:
        return (
            kind is self.kind
            and (not self.violations or violation in self.violations)
            and (not self.severities or severity in self.severities)
        )


@value
class PenaltyCatalogue:
    """Of one population: what is not in it is refused (C-11, P-05)."""

    refuses: ClassVar = RANKED

    issue: Issue
    clause: str = ""
    penalties: Annotated[tuple[Entry, ...], Open(code="P-05")] = ()


def find(
    catalogues: Sequence[PenaltyCatalogue], kind: PenaltyKind, violation: ViolationKind, severity: Severity | None
) -> Entry | None:
    """A person in several populations may be given what any of them knows (C-42)."""
    return next((e for c in catalogues for e in c.penalties if e.holds(kind, violation, severity)), None)


# Held against each other when policies are loaded


def check_penalties(policies: Policies) -> Iterator[Clash]:
    """A rule proposes what the regulation of its population knows (C-11); a fine has an amount only where fines are on
    (R3)."""
    catalogues = [(d, d.body) for d in policies.of(PenaltyCatalogue) if isinstance(d.body, PenaltyCatalogue)]
    rules = [(d, d.body) for d in policies.of(ConsequenceRules) if isinstance(d.body, ConsequenceRules)]
    for document, body in rules:
        for i, consequence in enumerate(body.consequences):
            for category in document.population.get("category", [""]):
                if not any(knows(c, consequence) for d, c in catalogues if speaks_of(d, category)):
                    of = f"the catalogue of {category}" if category else "no catalogue"
                    reason = f"{of} {'does not know' if category else 'knows'} {consequence.penalty}"
                    yield Clash(document, f"{reason} for {consequence.violation} (C-11)", "consequences", i, "penalty")
    if not any(body.fines for _, body in rules):
        for document, catalogue in catalogues:
            for i, entry in enumerate(catalogue.penalties):
                if entry.kind is PenaltyKind.FINE and entry.amount is not None:
                    yield Clash(document, FINES_ARE_OFF, "penalties", i, "amount")


def knows(catalogue: PenaltyCatalogue, consequence: Consequence) -> bool:
    return any(
        entry.kind is consequence.penalty and (not entry.violations or consequence.violation in entry.violations)
        for entry in catalogue.penalties
    )


def speaks_of(document: Document, category: str) -> bool:
    """No category: whichever."""
    allowed = document.population.get("category", [])
    return not category or not allowed or category in allowed
