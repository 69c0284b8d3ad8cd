"""Two small services, for tests of the kernel alone: a club takes members in, a treasury charges them.

The treasury hears of joins and leaves, keeps a directory of members, gathers what a member did in a year, charges a
fee once, warns at a deadline, and closes an account when a member's year has changed.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from annotated_types import Interval

from shared.access import requires
from shared.decider import Context, Decider, Refused, look
from shared.event import Contract
from shared.explanation import Fact, Round, Sum, fact
from shared.facts import Facts, Known
from shared.privacy import Name
from shared.projection import Projection
from shared.reaction import Reaction
from shared.register import register
from shared.service import Service
from shared.value import value
from shared.web import Accepted, Handle, Page, Paging, Read, Router

# The club


@value
class Joined:
    person: str
    name: Name
    year: int
    points: Annotated[Decimal, Interval(ge=0, le=100)] = Decimal(0)


@value
class Left:
    person: str


@value
class Join:
    person: str
    name: Name
    year: int
    points: Annotated[Decimal, Interval(ge=0, le=100)] = Decimal(0)


@value
class Leave:
    person: str


def decide_membership(command: Join | Leave, state: Joined | None) -> list[Joined | Left]:
    match command, state:
        case Join(), None:
            return [Joined(person=command.person, name=command.name, year=command.year, points=command.points)]
        case Join(), Joined() if (state.name, state.year) == (command.name, command.year):
            return []
        case Leave(), Joined():
            return [Left(person=command.person)]
        case _:
            raise Refused("membership.out_of_turn", person=command.person)


def member(state: Joined | None, event: Joined | Left) -> Joined | None:
    return event if isinstance(event, Joined) else None


def nobody() -> Joined | None:
    return None


memberships = Decider(
    name="membership",
    key=lambda command: (command.person,),
    initial=nobody,
    decide=decide_membership,
    evolve=member,
)


@value
class Member:
    person: str
    name: Name | None = None
    year: int = 0
    points: Decimal = Decimal(0)
    present: bool = False
    tags: tuple[str, ...] = ()


def listed(row: Member, event: Joined | Left) -> Member:
    if isinstance(event, Joined):
        return replace(row, name=event.name, year=event.year, points=event.points, present=True, tags=("new",))
    return replace(row, present=False)


members = Projection(name="members", key=lambda event: Member(person=event.person), evolve=listed)

club_router = Router(prefix="/members", tags=["members"])


@club_router.post("/join", status_code=202, dependencies=[requires("member.join")])
async def join(command: Join, handle: Handle) -> Accepted:
    """Take somebody in."""
    return await handle(memberships, command)


@club_router.post("/leave", status_code=202, dependencies=[requires("member.join")])
async def leave(command: Leave, handle: Handle) -> Accepted:
    """Let somebody go."""
    return await handle(memberships, command)


@club_router.get("/{person}", dependencies=[requires("member.read")])
async def one(person: str, read: Read) -> Member:
    """One member."""
    return await read(members, Member(person=person))


@club_router.get("", dependencies=[requires("member.read")])
async def many(read: Read, paging: Paging, present: bool | None = None) -> Page[Member]:
    """All members, by id."""
    return await read.page(members, paging, present=present)


def club(home: Path, name: str = "club") -> Service:
    return Service(
        Contract(name, Joined, Left), home=home, deciders=[memberships], projections=[members], routers=[club_router]
    )


# The treasury


@value
class Charged:
    person: str
    fee: int
    because: str


@value
class Warned:
    person: str


@value
class YearSeen:
    person: str
    year: int
    points: Decimal


@value
class Entry:
    person: str
    year: int = 0


def seen_member(row: Entry, event: Joined) -> Entry:
    return replace(row, year=event.year)


directory = Projection(name="directory", key=lambda event: Entry(person=event.person), evolve=seen_member)


@value
class Charge:
    person: str
    because: str


def decide_charge(command: Charge, state: Charged | None, context: Context) -> list[Charged]:
    if command.because == "joined in 1900":
        raise Refused("charge.too_old", person=command.person)
    known = context.row(directory, Entry(person=command.person))
    return [] if state else [Charged(person=command.person, fee=max(known.year, 1), because=command.because)]


def charged(state: Charged | None, event: Charged) -> Charged | None:
    return event


def uncharged() -> Charged | None:
    return None


charges = Decider(
    name="charge",
    key=lambda command: (command.person,),
    initial=uncharged,
    decide=decide_charge,
    evolve=charged,
    sees=lambda command: [look(directory, Entry(person=command.person))],
)


def charge_who_joins(event: Joined) -> Iterator[Charge]:
    yield Charge(person=event.person, because=f"joined in {event.year}")


fee = Reaction(name="fee", to=charges, react=charge_who_joins)

warnings = register(name="warning", fact=Warned, key=lambda fact: (fact.person,))


def warn(event: Joined) -> Iterator[Warned]:
    yield Warned(person=event.person)


EPOCH = datetime.fromisoformat("2024-01-01T00:00:00+00:00")

reminder = Reaction(name="reminder", to=warnings, react=warn, at=lambda event: EPOCH + timedelta(days=event.year))


@value
class PersonYear:
    person: str
    year: int


def about(event: Joined | Charged) -> tuple[str, str]:
    return ("member" if isinstance(event, Joined) else "charge", event.person)


def subjects(event: Joined | Charged) -> list[PersonYear]:
    return [PersonYear(person=event.person, year=event.year)] if isinstance(event, Joined) else []


def total(subject: PersonYear, known: Known[Joined | Charged]) -> Round:
    points: list[Fact] = [fact(r, "points") for r in known.last(Joined).values()]
    return Round(name="total", of=Sum(name="points", of=tuple(points)))


years = Facts(name="years", about=about, subjects=subjects, result=total)

seen_years = register(name="year", fact=YearSeen, key=lambda fact: (fact.person, str(fact.year)))


def year_changed(subject: PersonYear) -> Iterator[YearSeen]:
    yield YearSeen(person=subject.person, year=subject.year, points=Decimal(1))


year_seen = Reaction(name="year_seen", to=seen_years, react=year_changed)

treasury_router = Router(prefix="/years", tags=["years"])


@treasury_router.get("/{person}/{year}", dependencies=[requires("member.read")])
async def year_of(person: str, year: int, read: Read) -> dict[str, object]:
    """What is known of a member's year."""
    result = await read.result(years, PersonYear(person=person, year=year))
    return {"document": result.document, "used": result.used}


def treasury(home: Path, hears: Contract, name: str = "treasury") -> Service:
    return Service(
        Contract(name, Charged, Warned, YearSeen),
        home=home,
        listens=[hears],
        deciders=[charges, warnings, seen_years],
        projections=[directory],
        facts=[years],
        reactions=[fee, reminder, year_seen],
        routers=[treasury_router],
    )
