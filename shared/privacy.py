"""Personal text: a type of its own, sealed at the command edge, opened only at the query edge that recorded it. G11.

In store, Kafka, folds and explanations a personal text is the token `enc1:<person>:<class>:<…>`: AES-SIV under a key
of this person and class, so equal texts stay equal and the same file imported twice changes nothing. Decisions may
test equality only. Deleting the key forgets the text everywhere.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Annotated, Any, NewType, Protocol, TypeVar, cast, get_args, get_origin, get_type_hints
from urllib.parse import quote, unquote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from pydantic import StringConstraints

from shared.value import value

T = TypeVar("T")

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
Badge = Annotated[Personal, TEXT, Sealed(kind="badge")]  # a number that others know a person by
Note = Annotated[Personal, TEXT, Sealed(kind="note")]  # free text about a person
Reason = Annotated[Personal, TEXT, Sealed(kind="reason")]  # of a leave, an absence, an objection

PREFIX = "enc1:"
ERASED = "erased"
WITHHELD = "withheld"


class Forged(ValueError):
    """A personal field already holds a token: only the edge makes them."""


class Erased(Exception):
    """The person was erased here; nothing personal is recorded of him any more."""


class Keys(Protocol):
    """The part of the store that keeps wrapped keys."""

    async def person_keys(self, owners: Sequence[Owner]) -> dict[Owner, bytes | None]: ...

    async def add_person_keys(self, keys: Mapping[Owner, bytes]) -> None: ...


class Vault:
    """Keys of this service's personal texts, wrapped under a master key of 32 bytes that never leaves the process."""

    def __init__(self, master: bytes, keys: Keys) -> None:
        self.master, self.store = master, keys
        self.cache: dict[Owner, AESSIV] = {}

    async def seal(self, commands: Sequence[T]) -> list[T]:
        """Raises Forged, or Erased for a person whose keys were deleted."""
        owners = {owner for command in commands for owner, _ in owned(command)}
        keys = await self.keys(owners, make=True)
        return [sealed(command, keys) if any(True for _ in owned(command)) else command for command in commands]

    async def open(self, shown: T, allowed: bool) -> T:
        """With personal texts readable; `withheld` where the caller may not, `erased` where they are forgotten."""
        keys = await self.keys(set(tokens(shown)), make=False) if allowed else {}
        return cast(T, opened(shown, keys, allowed))

    async def keys(self, owners: set[Owner], make: bool) -> dict[Owner, AESSIV]:
        missing = sorted(owner for owner in owners if owner not in self.cache)
        if missing:
            found = await self.store.person_keys(missing)
            if make and (new := [owner for owner in missing if owner not in found]):
                await self.store.add_person_keys({o: aes_key_wrap(self.master, os.urandom(64)) for o in new})
                found |= await self.store.person_keys(new)  # another process may have been first
            for owner, wrapped in found.items():
                if wrapped is not None:
                    self.cache[owner] = AESSIV(aes_key_unwrap(self.master, wrapped))
                elif make:
                    raise Erased(owner[0])
        return {owner: self.cache[owner] for owner in owners if owner in self.cache}


@cache
def personal(kind: type) -> Mapping[str, Sealed]:
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
    elif is_dataclass(thing):
        seals = personal(cast(Any, type(thing)))
        for f in fields(thing):
            content = getattr(thing, f.name)
            if f.name in seals:
                if content is not None:
                    yield (str(getattr(thing, seals[f.name].of)), seals[f.name].kind), content
            elif isinstance(content, tuple | list) or is_dataclass(content):
                yield from owned(content)


def sealed(thing: Any, keys: Mapping[Owner, AESSIV]) -> Any:
    if isinstance(thing, tuple | list):
        return type(thing)(sealed(part, keys) for part in thing)
    if not is_dataclass(thing) or isinstance(thing, type):
        return thing
    seals = personal(type(thing))
    changed: dict[str, Any] = {}
    for f in fields(thing):
        content = getattr(thing, f.name)
        if f.name in seals and content is not None:
            changed[f.name] = token(content, (str(getattr(thing, seals[f.name].of)), seals[f.name].kind), keys)
        elif isinstance(content, tuple | list) or is_dataclass(content):
            changed[f.name] = sealed(content, keys)
    return replace(thing, **changed)


def token(text: str, owner: Owner, keys: Mapping[Owner, AESSIV]) -> str:
    if text.startswith(PREFIX):
        raise Forged("a personal text does not start with enc1:")
    person, kind = owner
    cipher = keys[owner].encrypt(text.encode(), [person.encode(), kind.encode()])
    return f"{PREFIX}{quote(person, safe='')}:{kind}:{urlsafe_b64encode(cipher).decode()}"


def owner_of(text: str) -> Owner:
    _, person, kind, _ = text.split(":", 3)
    return unquote(person), kind


def tokens(thing: Any) -> Iterator[Owner]:
    if isinstance(thing, str):
        if thing.startswith(PREFIX):
            yield owner_of(thing)
        return
    if isinstance(thing, dict):
        parts: Iterable[Any] = thing.values()
    elif isinstance(thing, tuple | list):
        parts = thing
    else:
        parts = [getattr(thing, f.name) for f in fields(thing)] if is_dataclass(thing) else ()
    for part in parts:
        yield from tokens(part)


def opened(thing: Any, keys: Mapping[Owner, AESSIV], allowed: bool) -> Any:
    match thing:
        case str() if thing.startswith(PREFIX):
            return text_of(thing, keys) if allowed else WITHHELD
        case tuple() | list():
            return type(thing)(opened(part, keys, allowed) for part in thing)
        case dict():
            return {name: opened(part, keys, allowed) for name, part in thing.items()}
        case _ if is_dataclass(thing) and not isinstance(thing, type):
            return replace(thing, **{f.name: opened(getattr(thing, f.name), keys, allowed) for f in fields(thing)})
        case _:
            return thing


def text_of(found: str, keys: Mapping[Owner, AESSIV]) -> str:
    owner = owner_of(found)
    if owner not in keys:
        return ERASED
    person, kind = owner
    cipher = urlsafe_b64decode(found.rsplit(":", 1)[1])
    try:
        return keys[owner].decrypt(cipher, [person.encode(), kind.encode()]).decode()
    except InvalidTag:
        return ERASED
