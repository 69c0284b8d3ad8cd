"""An objection 异议: one shape for whatever a person may object to. A leaf beside the vocabulary.

The service that owns a result wraps these words in events of that result's own stream, says which version of it
stands, and holds every correction against the facts on which it rests. Nothing here knows what the result is.

An upheld objection corrects named facts and nothing else: the owner of each corrects it, and the result is computed
again. While it is open, what follows from the result is held. Clauses: O-107, A-38, A-39; C-09, P-18; ruling R7.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, TypeVar

from annotated_types import Len
from pydantic import StringConstraints

from services.calendar import end_of
from services.deciding import check_decider, check_himself
from services.vocabulary import PersonId
from shared.decider import Context, Refused
from shared.event import Meta
from shared.explanation import Rule
from shared.limits import written_out
from shared.policy import Issue, Open
from shared.privacy import Note, Reason
from shared.value import value


@value
class ObjectionRules:
    """Of one population and one matter. Where the regulation is silent, nothing is admitted unless somebody sets it
    (C-09)."""

    issue: Issue
    clause: str = ""
    admitted: bool
    window_days: Annotated[Rule | None, Open(code="P-18")] = (
        None  # from the record of his being told (P-18); unset: not configured, no end
    )
    answer_days: Rule | None = None  # until it is escalated; unset: not configured, it is waited for
    handler_differs: bool = False  # from whoever gave the result


# What a result rests on


Part = Annotated[str, StringConstraints(min_length=1, max_length=200)]


@value
class NamedFact:
    """As the result's explanation names it: the event that says it, and the field in which it does."""

    fact: Part
    field: Part


@value
class Amended:
    """A named fact, and what it should say."""

    fact: Part
    field: Part
    value: Part

    @property
    def named(self) -> NamedFact:
        return NamedFact(fact=self.fact, field=self.field)


@value
class Correction:
    """What a fact says, and what is right. By `about` the owner of the fact finds it: observation, o17."""

    fact: str
    about: tuple[str, ...]
    field: str
    was: str
    now: str


Named = Annotated[tuple[NamedFact, ...], Len(0, 50)]
AmendedFacts = Annotated[tuple[Amended, ...], Len(0, 50)]


# What is asked: the commands of a host say besides of which result


@value
class Raising:
    """He may name the facts that he holds to be wrong."""

    reason: Reason
    named: Named = ()


@value
class Resolving:
    """With the facts that are corrected: the result is computed again. With none of them: it is rejected."""

    version: int
    finding: Note
    amended: AmendedFacts = ()


@value
class Withdrawing:
    version: int


@value
class Escalating:
    """It was not answered in time."""

    version: int


Asked = Raising | Resolving | Withdrawing | Escalating


# What is said in the course of it


class Outcome(StrEnum):
    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"  # some of the facts that he named
    REJECTED = "rejected"


@value
class Raised:
    """`named` are the facts that he holds to be wrong, where he names any."""

    person: PersonId
    version: int  # of the result
    named: tuple[NamedFact, ...]
    reason: Reason
    raised_on: date
    answer_by: date | None = None


@value
class Escalated:
    """Not answered in time. It stays open: nothing lapses against the person."""

    person: PersonId
    version: int
    answer_by: date


@value
class Resolved:
    """核实和复查: what was found, and which facts are corrected for it; none: it is rejected."""

    person: PersonId
    version: int
    outcome: Outcome
    corrections: tuple[Correction, ...]
    handler: PersonId
    capacity: str
    finding: Note


@value
class Withdrawn:
    """By the person himself."""

    person: PersonId
    version: int


Word = Raised | Escalated | Resolved | Withdrawn


@value
class Objection:
    raised: Raised
    escalated: bool = False
    ended: Resolved | Withdrawn | None = None


@value
class Objections:
    """To one result: one for each version of it."""

    to: Mapping[int, Objection] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        return any(objection.ended is None for objection in self.to.values())

    def then(self, word: Word) -> "Objections":
        """Raises ValueError for a history that no decision makes."""
        before = self.to.get(word.version)
        match word:
            case Raised() if before is None:
                now = Objection(raised=word)
            case Escalated() if before and before.ended is None:
                now = replace(before, escalated=True)
            case Resolved() | Withdrawn() if before and before.ended is None:
                now = replace(before, ended=word)
            case _:
                raise ValueError(f"{type(word).__name__} does not follow for version {word.version} of a result")
        return Objections(to={**self.to, word.version: now})


@value
class Contested:
    """The result as it stands."""

    person: PersonId
    version: int
    told: bool  # the person was told of this version: the window has opened
    until: date | None = None  # the last day of the window; none: no end is configured
    given_by: str = ""  # none: a rule


# What may be said


def answered(
    asked: Asked,
    of: Contested,
    before: Objections,
    rules: ObjectionRules,
    context: Context,
    corrections: Callable[[AmendedFacts], tuple[Correction, ...]],
) -> Sequence[Word]:
    """`corrections` are those of the host, who holds what is amended against the facts."""
    match asked:
        case Raising():
            return raised(asked, of, before, rules, context)
        case Withdrawing():
            return withdrawn(asked, of, before, context)
        case Escalating():
            return escalated(asked, of, before)
        case Resolving():
            check_handler(of, rules, context)
            return resolved(asked, of, before, context, corrections)


def raised(asked: Raising, of: Contested, before: Objections, rules: ObjectionRules, context: Context) -> list[Raised]:
    check_himself("objection", of.person, context)
    if not rules.admitted:
        raise Refused("objection.not_admitted", clause=rules.clause, next="the organisation's policy admits none here")
    if not of.told:
        raise Refused("objection.not_told_yet", version=of.version, next="object once you were told of this result")
    told = before.to.get(of.version)
    if told is None:
        if of.until is not None and context.today > of.until:
            then = "object within the days after you are told of a result"
            raise Refused("objection.window_closed", ended_on=of.until, clause=rules.clause, next=then)
        answer_by = context.today + days(rules.answer_days) if rules.answer_days else None
        return [
            Raised(
                person=of.person,
                version=of.version,
                named=asked.named,
                reason=asked.reason,
                raised_on=context.today,
                answer_by=answer_by,
            )
        ]
    if (told.raised.named, told.raised.reason) == (asked.named, asked.reason):
        return []
    raise Refused("objection.once_a_version", version=of.version, next="the next version can be objected to anew")


def window_ends(told_on: date, rules: ObjectionRules) -> date | None:
    """The last day of the window that opens on the day on which it is recorded that the person was told; none: no end
    is configured, or no objection admitted."""
    return told_on + days(rules.window_days) if rules.admitted and rules.window_days else None


def days(rule: Rule) -> timedelta:
    return timedelta(days=int(rule.amount))


def standing(version: int, before: Objections) -> Objection:
    found = before.to.get(version)
    if found is None:
        raise Refused("objection.unknown", version=version, versions=sorted(before.to), next="look at the register")
    return found


def withdrawn(asked: Withdrawing, of: Contested, before: Objections, context: Context) -> list[Withdrawn]:
    check_himself("objection", of.person, context)
    found = standing(asked.version, before)
    if isinstance(found.ended, Resolved):
        raise Refused("objection.resolved_already", outcome=found.ended.outcome, next="what was resolved stands")
    return [] if found.ended else [Withdrawn(person=of.person, version=asked.version)]


def escalated(asked: Escalating, of: Contested, before: Objections) -> list[Escalated]:
    """At the end of the day by which it should have been answered."""
    found = before.to.get(asked.version)
    if found is None or found.ended or found.escalated or found.raised.answer_by is None:
        return []
    return [Escalated(person=of.person, version=asked.version, answer_by=found.raised.answer_by)]


def check_handler(of: Contested, rules: ObjectionRules, context: Context) -> None:
    check_decider("objection", of.person, context)
    if rules.handler_differs and context.actor == of.given_by:
        raise Refused("objection.by_the_evaluator", next="somebody other than who gave the result handles it")


def resolved(
    asked: Resolving,
    of: Contested,
    before: Objections,
    context: Context,
    corrections: Callable[[AmendedFacts], tuple[Correction, ...]],
) -> list[Resolved]:
    found = standing(asked.version, before)
    if found.ended:
        if isinstance(found.ended, Resolved) and repeats(found.ended, asked, context):
            return []
        raise Refused("objection.ended_already", version=asked.version, next="look at the register")
    made = corrections(canonical(asked.amended))
    return [
        Resolved(
            person=of.person,
            version=asked.version,
            outcome=outcome(found.raised.named, made),
            corrections=made,
            handler=PersonId(context.actor),
            capacity=context.capacity,
            finding=asked.finding,
        )
    ]


def repeats(said: Resolved, asked: Resolving, context: Context) -> bool:
    before = [Amended(fact=c.fact, field=c.field, value=c.now) for c in said.corrections]
    return (said.handler, said.finding, before) == (context.actor, asked.finding, list(canonical(asked.amended)))


def canonical(amended: AmendedFacts) -> AmendedFacts:
    return tuple(replace(one, value=canonical_text(one.value)) for one in amended)


def canonical_text(said: str) -> str:
    """The one text of a number, however it was written: 3 of 3.0; of anything else what was said."""
    try:
        number = Decimal(said)
    except InvalidOperation:
        return said
    return f"{(number + 0).normalize():f}" if written_out(number) else said


def outcome(named: Sequence[NamedFact], corrections: Sequence[Correction]) -> Outcome:
    if not corrections:
        return Outcome.REJECTED
    corrected = {NamedFact(fact=c.fact, field=c.field) for c in corrections}
    return Outcome.UPHELD if set(named) <= corrected else Outcome.PARTLY_UPHELD


def check_amended(amended: Sequence[Amended], known: Mapping[NamedFact, str]) -> None:
    """Each names another fact on which the result rests, and changes it: a bare new total names none.

    What is `known` is canonical text, as what it is amended to."""
    for one in amended:
        if one.named not in known:
            raise Refused(
                "objection.not_a_fact",
                fact=one.fact,
                field=one.field,
                next="name facts on which the result rests, as its explanation lists them; a total is none",
            )
        if known[one.named] == one.value:
            raise Refused(
                "objection.corrects_nothing",
                fact=one.fact,
                field=one.field,
                says=one.value,
                next="leave it out, or say what it is instead",
            )
    if len({one.named for one in amended}) < len(amended):
        raise Refused("objection.corrects_twice", next="give each fact one value")


def answer_due(raised: Raised) -> datetime | None:
    """The moment at which it is escalated."""
    return end_of(raised.answer_by) if raised.answer_by else None


# What can be asked


class Standing(StrEnum):
    OPEN = "open"
    ESCALATED = "escalated"  # open, and not answered in time
    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @property
    def holds(self) -> bool:
        """Whether what follows from the result waits for it."""
        return self in {Standing.OPEN, Standing.ESCALATED}


@value
class Told:
    """The part that all registers of objections share. `person` and the key stand in the register's own row."""

    standing: Standing | None = None
    named: tuple[NamedFact, ...] = ()
    reason: Reason | None = None
    raised_on: date | None = None
    answer_by: date | None = None
    corrections: tuple[Correction, ...] = ()
    handler: str = ""
    capacity: str = ""
    finding: Note | None = None
    ended_at: datetime | None = None


Row = TypeVar("Row", bound=Told)


def told(row: Row, word: Word, meta: Meta) -> Row:
    now = replace(row, standing=standing_after(word))
    match word:
        case Raised():
            return replace(
                now, named=word.named, reason=word.reason, raised_on=word.raised_on, answer_by=word.answer_by
            )
        case Resolved():
            return replace(
                now,
                corrections=word.corrections,
                handler=word.handler,
                capacity=word.capacity,
                finding=word.finding,
                ended_at=meta.occurred_at,
            )
        case Escalated() | Withdrawn():
            return now


def standing_after(word: Word) -> Standing:
    match word:
        case Raised():
            return Standing.OPEN
        case Escalated():
            return Standing.ESCALATED
        case Resolved():
            return Standing(word.outcome)
        case Withdrawn():
            return Standing.WITHDRAWN
