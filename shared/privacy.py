"""Personal text: a type of its own, sealed at the command edge, opened only at the query edge that recorded it. G11.

In store, Kafka, folds and explanations a personal text is the token `enc1:<person>:<class>:<…>`: AES-SIV under a key
of this person and class, so equal texts stay equal and the same file imported twice changes nothing. Decisions may
test equality only. Deleting the key forgets the text everywhere.
"""

from typing import Annotated, NewType

from pydantic import StringConstraints

from shared.value import value

Personal = NewType("Personal", str)


@value
class Sealed:
    """Marks a personal text. `of` is the field of the same value that holds the id of the person it is about."""

    kind: str
    of: str = "person"


TEXT = StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)

Name = Annotated[Personal, TEXT, Sealed(kind="name")]
Contact = Annotated[Personal, TEXT, Sealed(kind="contact")]
Badge = Annotated[Personal, TEXT, Sealed(kind="badge")]  # a number that others know a person by
Note = Annotated[Personal, TEXT, Sealed(kind="note")]  # free text about a person
Reason = Annotated[Personal, TEXT, Sealed(kind="reason")]  # of a leave, an absence, an objection
