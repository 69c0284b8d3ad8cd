"""The smallest service that has everything: accounts with a cap, a lid that closes them, a consequence of every gift,
rows that several streams share, and what is known of one owner."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from shared.decider import Context, Decider, Refused, look
from shared.event import Contract
from shared.facts import Facts, Known
from shared.policy import Document, Issue, Policies
from shared.projection import Projection
from shared.reaction import Reaction
from shared.value import value

CAP = 4  # gifts an account
POISON = 13
ACCOUNTS = ("ann/east", "bob/east", "cid/west")  # ann and bob share a row, from two partitions
LID = "lid"


@value
class Put:
    """One of the two events that a gift is."""

    account: str
    ref: str
    amount: int
    half: int


@value
class Closed:
    lid: str


@value
class Echoed:
    account: str
    ref: str
    tariff: int


@value
class Give:
    account: str
    ref: str
    amount: int


@value
class Close:
    lid: str = LID


@value
class Echo:
    account: str
    ref: str
    tariff: int


@value
class Tariff:
    rate: int


def close(command: Close, state: bool) -> list[Closed]:
    return [] if state else [Closed(lid=command.lid)]


def closed(state: bool, event: Closed) -> bool:
    return True


lids = Decider(name="lid", key=lambda c: (c.lid,), initial=bool, decide=close, evolve=closed)


def give(command: Give, state: int, context: Context) -> list[Put]:
    if context.state(lids, LID):
        raise Refused("account.closed")
    if state >= 2 * CAP:
        raise Refused("account.full")
    return [Put(account=command.account, ref=command.ref, amount=command.amount, half=half) for half in (1, 2)]


def given(state: int, event: Put) -> int:
    return state + 1


accounts = Decider(
    name="account",
    key=lambda c: (c.account,),
    initial=int,
    decide=give,
    evolve=given,
    sees=lambda command: [look(lids, LID)],
)


def echo(command: Echo, state: int) -> list[Echoed]:
    return [Echoed(account=command.account, ref=command.ref, tariff=command.tariff)]


def echoed(state: int, event: Echoed) -> int:
    return state + 1


echoes = Decider(name="echo", key=lambda c: (c.account,), initial=int, decide=echo, evolve=echoed)


def answer(event: Put, context: Context) -> Iterator[Echo]:
    if event.half == 2:
        yield Echo(account=event.account, ref=event.ref, tariff=context.policy(Tariff).rate)


gratitude = Reaction(name="gratitude", to=echoes, react=answer)


@value
class Total:
    """Of all accounts of a place."""

    place: str
    events: int = 0
    amount: int = 0


@dataclass
class Till:
    """A fold that fails for one amount, until it is mended."""

    broken: bool = True
    error: type[Exception] = ValueError
    totals: Projection[Total, Put] = field(init=False)

    def __post_init__(self) -> None:
        def add(row: Total, event: Put) -> Total:
            if self.broken and event.amount == POISON:
                raise self.error(f"{event.amount} brings bad luck")
            return replace(row, events=row.events + 1, amount=row.amount + event.amount)

        self.totals = Projection(name="totals", key=lambda e: Total(place=e.account.split("/")[1]), evolve=add)


@value
class Owner:
    account: str


def total(subject: Owner, known: Known[Put]) -> int:
    return sum(r.event.amount for r in known.facts)


wealth = Facts(name="wealth", about=lambda e: e.account, subjects=lambda e: [Owner(account=e.account)], result=total)

contract = Contract("bank", Put, Closed, Echoed)
TOPIC = contract.topics[0]


def tariff(rate: int) -> Policies:
    return Policies(documents=(Document(body=Tariff(rate=rate), issue=Issue(policy="tariff", version=rate)),))
