"""The life of a regulation's version: drafted, consulted, adopted, published, superseded; read and answered by persons.

A regulation is a text of its own or a policy file: then `policy` and `sha256` say which, word for word.
Clauses: A-64 to A-67, S-59, S-60, O-86; ruling R4 (a rule counts once it was adopted by due process, published and
acknowledged).
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from annotated_types import Interval, Len
from pydantic import Field, StringConstraints

from services.calendar import Day
from services.people.persons.events import Category
from services.vocabulary import PersonId, Text
from shared.privacy import Note
from shared.value import value

RegulationId = Annotated[str, StringConstraints(min_length=1, max_length=200)]  # such as 003, appraisal_standard.anchor
Version = Annotated[int, Interval(ge=1, lt=2**31)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", examples=["5" * 64])]  # SHA-256 of the text
Report = Annotated[str, StringConstraints(min_length=1, max_length=50_000)]  # in words, about no person


class RegulationKind(StrEnum):
    REGULATION = "regulation"  # 制度
    POLICY = "policy"  # values, weights and thresholds under a regulation
    CULTURE = "culture"
    VALUES = "values"


@value
class RegulationDrafted:
    """Before it is adopted a version may be drafted anew; what was consulted about another text counts no more."""

    regulation: RegulationId
    version: Version
    kind: RegulationKind
    title: Text
    sha256: Digest
    changes: Text  # what is new, in words
    population: tuple[Category, ...] = ()  # none: everybody
    policy: str = ""  # name:version of the policy file


@value
class RegulationConsulted:
    """With whom the draft was discussed, what they said, and what it would have meant (the report of a what-if)."""

    regulation: RegulationId
    version: Version
    sha256: Digest
    with_whom: Annotated[tuple[Text, ...], Len(1, 50)]  # representatives of the staff, the union …
    held_on: Day
    outcome: Text
    report: Report | None = None


@value
class RegulationAdopted:
    regulation: RegulationId
    version: Version
    sha256: Digest
    adopted_by: Text  # the body, such as the administrative department
    adopted_on: Day


@value
class RegulationPublished:
    """In force from the day of its publication, or from a later one that it names (A-66)."""

    regulation: RegulationId
    version: Version
    kind: RegulationKind
    title: Text
    sha256: Digest
    published_on: Day
    effective_on: Day
    population: tuple[Category, ...] = ()
    policy: str = ""


@value
class RegulationSuperseded:
    """By the next version, on the day that it takes effect."""

    regulation: RegulationId
    version: Version
    superseded_by: Version
    superseded_on: Day


@value
class RegulationInterpreted:
    """By the administrative department, whose right that is (A-64)."""

    regulation: RegulationId
    version: Version
    clause: Text
    interpretation: Text


@value
class RegulationAcknowledged:
    """The person has taken note of a published version. `evidence`: where another records it, the signed sheet."""

    regulation: RegulationId
    version: Version
    person: PersonId
    acknowledged_at: datetime
    evidence: Text | None = None


@value
class RegulationFeedbackSubmitted:
    """A problem in its execution, or a suggestion (A-67)."""

    feedback: str
    regulation: RegulationId
    person: PersonId
    text: Note
    clause: Text | None = None


Event = (
    RegulationDrafted | RegulationConsulted | RegulationAdopted | RegulationPublished | RegulationSuperseded
    | RegulationInterpreted
)  # fmt: skip
