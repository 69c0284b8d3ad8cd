"""A version comes into force by due process: drafted, consulted, adopted, published. Nothing is left out, and what was
consulted and adopted is the text that is published, word for word. Clauses: A-64 to A-67; ruling R4.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import date

from services.calendar import Day
from services.people.persons.decisions import persons
from services.people.regulations.events import (
    Digest,
    Event,
    RegulationAcknowledged,
    RegulationAdopted,
    RegulationConsulted,
    RegulationDrafted,
    RegulationFeedbackSubmitted,
    RegulationId,
    RegulationInterpreted,
    RegulationPublished,
    RegulationSuperseded,
    Version,
)
from services.vocabulary import PersonId, Text
from shared.decider import Context, Decider, Refused, Sight, look
from shared.privacy import Note
from shared.register import register
from shared.value import value


@value
class PublishRegulation:
    """What was adopted. In force from today, or from a later day (A-66)."""

    regulation: RegulationId
    version: Version
    sha256: Digest
    effective_on: Day | None = None


Command = RegulationDrafted | RegulationConsulted | RegulationAdopted | PublishRegulation | RegulationInterpreted


@value
class Draft:
    drafted: RegulationDrafted
    consulted: tuple[RegulationConsulted, ...] = ()  # about this very text
    adopted: RegulationAdopted | None = None


@value
class Regulation:
    draft: Draft | None = None  # the version that is not published yet
    published: Mapping[int, RegulationPublished] = field(default_factory=dict)
    superseded: Mapping[int, RegulationSuperseded] = field(default_factory=dict)
    interpreted: Mapping[tuple[int, str], RegulationInterpreted] = field(default_factory=dict)

    @property
    def next(self) -> int:
        return max(self.published, default=0) + 1


def decide(command: Command, state: Regulation, context: Context) -> list[Event]:
    match command:
        case RegulationDrafted():
            return draft(replace(command, population=tuple(sorted(set(command.population)))), state)
        case RegulationInterpreted():
            check_published(command.regulation, command.version, state)
            told = state.interpreted.get((command.version, command.clause))
            return [] if told == command else [command]
        case RegulationConsulted():
            return consult(command, state, context)
        case RegulationAdopted():
            return adopt(command, state, context)
        case PublishRegulation():
            return publish(command, state, context)


def draft(command: RegulationDrafted, state: Regulation) -> list[Event]:
    if command.version != state.next:
        raise Refused("regulation.version_out_of_turn", version=state.next, next="draft this version; none is skipped")
    if state.draft is None:
        return [command]
    if state.draft.drafted == command:
        return []
    if state.draft.adopted:
        raise Refused("regulation.adopted_already", next="publish it, then draft the next version")
    return [command]


def current(command: RegulationConsulted | RegulationAdopted | PublishRegulation, state: Regulation) -> Draft:
    """The draft that a command speaks of. Raises Refused where it is another version or another text."""
    found = state.draft
    if found is None or found.drafted.version != command.version:
        raise Refused("regulation.not_drafted", version=command.version, next="draft this version first")
    if found.drafted.sha256 != command.sha256:
        raise Refused(
            "regulation.another_text", drafted=found.drafted.sha256, next="look at the text as it was drafted"
        )
    return found


def consult(command: RegulationConsulted, state: Regulation, context: Context) -> list[Event]:
    found = current(command, state)
    if command in found.consulted:
        return []
    if found.adopted:
        raise Refused("regulation.adopted_already", next="a consultation comes before the adoption")
    check_past(command.held_on, context)
    return [command]


def adopt(command: RegulationAdopted, state: Regulation, context: Context) -> list[Event]:
    found = current(command, state)
    if found.adopted == command:
        return []
    if found.adopted:
        raise Refused("regulation.adopted_already", next="publish it")
    if not found.consulted:
        raise Refused("regulation.not_consulted", next="record with whom this text was discussed (R4)")
    check_past(command.adopted_on, context)
    if any(one.held_on > command.adopted_on for one in found.consulted):
        raise Refused("regulation.adopted_before_consultation", next="state the day on which it was adopted")
    return [command]


def publish(command: PublishRegulation, state: Regulation, context: Context) -> list[Event]:
    if again := state.published.get(command.version):
        if again.sha256 == command.sha256 and command.effective_on in (None, again.effective_on):
            return []
        raise Refused("regulation.published_already", next="a published version never changes: draft the next one")
    found = current(command, state)
    if found.adopted is None:
        raise Refused("regulation.not_adopted", next="have it adopted first")
    effective_on = command.effective_on or context.today
    if effective_on < context.today:
        raise Refused("regulation.effective_before_publication", today=context.today, next="no rule looks back (A-66)")
    before = max((one.effective_on for one in state.published.values()), default=effective_on)
    if effective_on < before:
        raise Refused(
            "regulation.effective_before_its_predecessor", before=before, next="two are never in force at once"
        )
    drafted = found.drafted
    published = RegulationPublished(
        regulation=drafted.regulation,
        version=drafted.version,
        kind=drafted.kind,
        title=drafted.title,
        sha256=drafted.sha256,
        published_on=context.today,
        effective_on=effective_on,
        population=drafted.population,
        policy=drafted.policy,
    )
    return [published, *superseded(published, state)]


def superseded(by: RegulationPublished, state: Regulation) -> list[RegulationSuperseded]:
    return [
        RegulationSuperseded(
            regulation=by.regulation, version=version, superseded_by=by.version, superseded_on=by.effective_on
        )
        for version in state.published
        if version not in state.superseded
    ]


def check_past(on: date, context: Context) -> None:
    if on > context.today:
        raise Refused("regulation.not_yet", on=on, next="record it when it has happened")


def check_published(regulation: str, version: int, state: Regulation) -> RegulationPublished:
    if version not in state.published:
        raise Refused("regulation.not_published", regulation=regulation, version=version, next="publish it first")
    return state.published[version]


def evolve(state: Regulation, event: Event) -> Regulation:
    """Raises ValueError for a log that `decide` did not write."""
    match event:
        case RegulationDrafted():
            return replace(state, draft=Draft(drafted=event))
        case RegulationConsulted() if state.draft:
            return replace(state, draft=replace(state.draft, consulted=(*state.draft.consulted, event)))
        case RegulationAdopted() if state.draft:
            return replace(state, draft=replace(state.draft, adopted=event))
        case RegulationPublished():
            return replace(state, draft=None, published={**state.published, event.version: event})
        case RegulationSuperseded():
            return replace(state, superseded={**state.superseded, event.version: event})
        case RegulationInterpreted():
            return replace(state, interpreted={**state.interpreted, (event.version, event.clause): event})
        case RegulationConsulted() | RegulationAdopted():
            raise ValueError(f"{type(event).__name__} of {event.regulation}, of which nothing is drafted")


regulations: Decider[Command, Regulation, Event] = Decider(
    name="regulation",
    key=lambda command: (command.regulation,),
    initial=Regulation,
    decide=decide,
    evolve=evolve,
)


# By persons


@value
class AcknowledgeRegulation:
    """By the person himself; another records it with its evidence, such as a signed sheet."""

    regulation: RegulationId
    version: Version
    person: PersonId
    evidence: Text | None = None


def acknowledged(
    command: AcknowledgeRegulation, state: RegulationAcknowledged | None, context: Context
) -> RegulationAcknowledged:
    check_published(command.regulation, command.version, context.state(regulations, command.regulation))
    if context.state(persons, command.person) is None:
        raise Refused("person.unknown", person=command.person, next="register the person first")
    if context.actor != command.person and command.evidence is None:
        raise Refused("regulation.acknowledged_by_another", next="name the evidence, such as the signed sheet")
    return state or RegulationAcknowledged(
        regulation=command.regulation,
        version=command.version,
        person=command.person,
        acknowledged_at=context.now,
        evidence=command.evidence,
    )


acknowledgements = register(
    name="regulation_acknowledgement",
    fact=RegulationAcknowledged,
    key=lambda command: (command.regulation, str(command.version), command.person),
    says=acknowledged,
    sees=lambda command: [look(regulations, command.regulation), look(persons, command.person)],
)


@value
class SubmitRegulationFeedback:
    """In one's own name (A-67)."""

    feedback: str
    regulation: RegulationId
    person: PersonId
    text: Note
    clause: Text | None = None


def submitted(
    command: SubmitRegulationFeedback, state: RegulationFeedbackSubmitted | None, context: Context
) -> RegulationFeedbackSubmitted:
    if context.actor != command.person:
        raise Refused("regulation.feedback_in_anothers_name", next="everybody answers for himself")
    if not context.state(regulations, command.regulation).published:
        raise Refused("regulation.not_published", regulation=command.regulation, next="name a published regulation")
    said = RegulationFeedbackSubmitted(
        feedback=command.feedback,
        regulation=command.regulation,
        person=command.person,
        text=command.text,
        clause=command.clause,
    )
    if state not in (None, said):
        raise Refused("regulation.feedback_exists_already", feedback=command.feedback, next="choose another id")
    return said


def seen_by_feedback(command: SubmitRegulationFeedback) -> list[Sight]:
    return [look(regulations, command.regulation)]


feedback = register(
    name="regulation_feedback",
    fact=RegulationFeedbackSubmitted,
    key=lambda command: (command.feedback,),
    says=submitted,
    sees=seen_by_feedback,
)
