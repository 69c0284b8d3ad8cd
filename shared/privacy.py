"""Personal text: a type of its own, sealed at the command edge, opened only at the query edge that recorded it. G11.

In store, Kafka, folds and explanations a personal text is the token `enc1:<person>:<class>:<…>`: AES-SIV under a key
of this person and class, so equal texts stay equal and the same file imported twice changes nothing. Decisions may
test equality only. Deleting the key forgets the text everywhere.
"""

import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Annotated, Any, Generic, NewType, Protocol, TypeVar, cast, get_args, get_origin, get_type_hints
from urllib.parse import quote, unquote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from pydantic import StringConstraints

from shared.event import takes
from shared.value import names, value

T = TypeVar("T")
E = TypeVar("E")

Personal = NewType("Personal", str)
Owner = tuple[str, str]  # person and class


@value
class Sealed:
    """Marks a personal text. `of` is the field of the same value that holds the id of the person it is about."""

    kind: str
    of: str = "person"


TEXT = StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)

Name = Annotated[Personal, TEXT, Sealed(kind="name")]
Contact = Annotated[Personal, TEXT, Sealed(kind="contact")]
Note = Annotated[Personal, TEXT, Sealed(kind="note")]  # free text about a person
Reason = Annotated[Personal, TEXT, Sealed(kind="reason")]  # of a leave, an absence, an objection

PREFIX = "enc1:"
TOKEN = re.compile(r"enc1:([^:]*):([a-z]+):([A-Za-z0-9_-]+=*)")
ERASED = "erased"
CIPHERS = 10_000  # unwrapped keys that a process keeps
WITHHELD = "withheld"


class Forged(ValueError):
    """A command already holds a token: only the edge makes them, or a copied one would be opened for its reader."""


class Erased(Exception):
    """The person was erased here; nothing personal is recorded of him any more."""


@value
class Erasure(Generic[E]):
    """The event after which this service forgets a person's texts: it reads all of them, the past ones too.

    His keys go, in the transaction that moves the reader's checkpoint, and what is left in their place refuses new
    ones: his tokens read `erased` from then on, in log, topics, rows and explanations."""

    person: Callable[[E], str]
    name: str = "erasure"

    @property
    def events(self) -> tuple[type, ...]:
        return takes(self.person, 0)


class Keys(Protocol):
    """The part of the store that keeps wrapped keys."""

    async def person_keys(self, owners: Sequence[Owner]) -> dict[Owner, bytes | None]: ...

    async def add_person_keys(self, keys: Mapping[Owner, bytes]) -> None: ...


class Vault:
    """Keys of this service's personal texts, wrapped under a master key of 32 bytes that never leaves the process."""

    def __init__(self, master: bytes, keys: Keys) -> None:
        self.master, self.store = master, keys
        self.ciphers: dict[bytes, AESSIV] = {}

    async def seal(self, commands: Sequence[T]) -> list[T]:
        """Raises Forged, or Erased for a person whose keys were deleted."""
        if any(text.startswith(PREFIX) for command in commands for text in texts(command)):
            raise Forged("a text does not start with enc1:")
        owners = [{owner for owner, _ in owned(command)} for command in commands]
        keys = await self.keys(set().union(*owners), make=True)
        return [sealed(command, keys) if own else command for command, own in zip(commands, owners, strict=True)]

    async def open(self, shown: T, allowed: Callable[[str], bool]) -> T:
        """With the texts about those persons readable that the caller may read about; all others are `withheld`, and
        `erased` where they are forgotten."""
        owners = {owner_of(found) for text in texts(shown) if (found := TOKEN.fullmatch(text))}
        readable = {owner for owner in owners if allowed(owner[0])}
        keys = await self.keys(readable, make=False)
        return cast(T, opened(shown, keys, owners - readable))

    async def keys(self, owners: set[Owner], make: bool) -> dict[Owner, AESSIV]:
        if not owners:
            return {}
        # Asked every time, one query a batch: a key that was deleted must be gone from every process at once.
        found = await self.store.person_keys(sorted(owners))
        if make and (new := sorted(owners - set(found))):
            await self.store.add_person_keys({o: aes_key_wrap(self.master, os.urandom(64)) for o in new})
            found |= await self.store.person_keys(new)  # another process may have been first
        if make and (erased := [owner for owner in owners if found.get(owner) is None]):
            raise Erased(erased[0][0])
        return {owner: self.cipher(wrapped) for owner, wrapped in found.items() if wrapped is not None}

    def cipher(self, wrapped: bytes) -> AESSIV:
        if wrapped not in self.ciphers:
            if len(self.ciphers) >= CIPHERS:
                self.ciphers.clear()
            self.ciphers[wrapped] = AESSIV(aes_key_unwrap(self.master, wrapped))
        return self.ciphers[wrapped]


@cache
def personal(kind: Any) -> Mapping[str, Sealed]:
    """The personal fields of a value class."""
    found = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        marks = [m for h in (hint, *get_args(hint)) if get_origin(h) is Annotated for m in h.__metadata__]
        if seals := [m for m in marks if isinstance(m, Sealed)]:
            found[name] = seals[0]
    return found


def owned(thing: Any) -> Iterator[tuple[Owner, str]]:
    """Every personal text in a value, with its owner."""
    if isinstance(thing, tuple | list):
        for part in thing:
            yield from owned(part)
    elif parts := names(thing.__class__):
        seals = personal(thing.__class__)
        for name in parts:
            content = getattr(thing, name)
            if name in seals:
                if content is not None:
                    yield (str(getattr(thing, seals[name].of)), seals[name].kind), content
            elif not isinstance(content, str):
                yield from owned(content)


def sealed(thing: Any, keys: Mapping[Owner, AESSIV]) -> Any:
    if isinstance(thing, tuple | list):
        return type(thing)(sealed(part, keys) for part in thing)
    if not is_dataclass(thing) or isinstance(thing, type):
        return thing
    seals = personal(thing.__class__)
    changed: dict[str, Any] = {}
    for f in fields(thing):
        content = getattr(thing, f.name)
        if f.name in seals and content is not None:
            changed[f.name] = token(content, (str(getattr(thing, seals[f.name].of)), seals[f.name].kind), keys)
        elif isinstance(content, tuple | list) or is_dataclass(content):
            changed[f.name] = sealed(content, keys)
    return replace(thing, **changed)


def token(text: str, owner: Owner, keys: Mapping[Owner, AESSIV]) -> str:
    person, kind = owner
    cipher = keys[owner].encrypt(text.encode(), [person.encode(), kind.encode()])
    return f"{PREFIX}{quote(person, safe='')}:{kind}:{urlsafe_b64encode(cipher).decode()}"


def owner_of(token: re.Match[str]) -> Owner:
    return unquote(token[1]), token[2]


def texts(thing: Any) -> Iterator[str]:
    """Every text in a value, of whatever depth."""
    if isinstance(thing, str):
        yield thing
        return
    if isinstance(thing, dict):
        parts: Iterable[Any] = thing.values()
    elif isinstance(thing, tuple | list):
        parts = thing
    else:
        parts = [getattr(thing, name) for name in names(thing.__class__)]
    for part in parts:
        yield from texts(part)


def opened(thing: Any, keys: Mapping[Owner, AESSIV], withheld: AbstractSet[Owner]) -> Any:
    match thing:
        case str() if found := TOKEN.fullmatch(thing):
            return WITHHELD if owner_of(found) in withheld else text_of(found, keys)
        case tuple() | list():
            return type(thing)(opened(part, keys, withheld) for part in thing)
        case dict():
            return {name: opened(part, keys, withheld) for name, part in thing.items()}
        case _ if is_dataclass(thing) and not isinstance(thing, type):
            return replace(thing, **{f.name: opened(getattr(thing, f.name), keys, withheld) for f in fields(thing)})
        case _:
            return thing


def text_of(token: re.Match[str], keys: Mapping[Owner, AESSIV]) -> str:
    owner = owner_of(token)
    if owner not in keys:
        return ERASED
    person, kind = owner
    try:
        return keys[owner].decrypt(urlsafe_b64decode(token[3]), [person.encode(), kind.encode()]).decode()
    except (InvalidTag, ValueError):
        return ERASED
