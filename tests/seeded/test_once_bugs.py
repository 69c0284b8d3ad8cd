"""A consequence happens once, whatever policy has been adopted meanwhile: guard and seeded bugs. G9."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from shared import consequence
from shared.broker import Unavailable
from shared.consequence import Consequences
from shared.decider import Context, Decider
from shared.desk import Desk
from shared.event import Contract, Contracts, Meta, encode
from shared.memory import MemoryStore
from shared.policy import Document, Issue, Policies
from shared.reaction import Reaction
from shared.store import NewDue
from shared.value import value
from tests.conformance.stores import NOON
from tests.seeded.patching import mutated


@value
class Failed:
    person: str


@value
class Blamed:
    person: str
    points: int


@value
class Blame:
    person: str
    points: int


@value
class Tariff:
    points: int


def decide(command: Blame, state: None) -> list[Blamed]:
    return [Blamed(person=command.person, points=command.points)]


def blame(event: Failed, context: Context) -> Iterator[Blame]:
    yield Blame(person=event.person, points=context.policy(Tariff).points)


def evolve(state: None, event: Blamed) -> None:
    return None


blames = Decider(name="blame", key=lambda c: (c.person,), initial=lambda: None, decide=decide, evolve=evolve)
failed_exam = Reaction(name="failed_exam", to=blames, react=blame)
contract = Contract("test", Failed, Blamed)
CAUSE = Meta(
    id="01920000-0000-7000-8000-000000000001",
    service="test",
    stream="exam/li",
    version=1,
    position=1,
    occurred_at=NOON,
    recorded_at=NOON,
    actor="chen",
)


class Dies(MemoryStore):
    """Once, after the consequences are stored and before their rows are settled."""

    died = False

    async def settle_due(
        self, done: Sequence[int], failed: Mapping[int, str], waits: Mapping[int, str] | None = None
    ) -> None:
        if not self.died:
            self.died = True
            raise Unavailable("the process died")
        await super().settle_due(done, failed, waits)


def under(version: int) -> Policies:
    issue = Issue(policy="tariff", version=version)
    return Policies(documents=(Document(body=Tariff(points=version), issue=issue),))


def consequences(store: MemoryStore, policies: Policies) -> Consequences:
    contracts = Contracts(contract)
    desk = Desk(store, contract, contracts, dict.fromkeys(contract.topics, 1), policies)
    return Consequences("test", [failed_exam], [], store, desk, contracts, policies)


async def once_under_any_policy() -> None:
    store = Dies(dict.fromkeys(contract.topics, 1))
    trigger = encode({"type": "Failed", "event": Failed(person="li"), "meta": CAUSE})
    async with store.work() as work:
        await work.add_due([NewDue(reaction="failed_exam", at=NOON, stream=CAUSE.stream, trigger=trigger)])
    with pytest.raises(Unavailable):
        await consequences(store, under(1)).step()
    again = consequences(store, under(2))
    assert await again.step() == 1
    assert await again.step() == 0
    assert [contract.decode(e.type, e.schema, e.data) for e in await store.tail(0, 10)] == [
        Blamed(person="li", points=1)
    ]


async def test_once_under_any_policy() -> None:
    await once_under_any_policy()


KEY = "once=reaction.once(stream, trigger.occasion or cause.id),"
WRONG = {
    "the policy is part of the key": f"{KEY.removesuffix(',')} + str(self.policies.documents),",
    "no key": "once='',",
}


@pytest.mark.parametrize("bug", WRONG)
async def test_the_guard_sees(bug: str) -> None:
    with mutated(consequence, KEY, WRONG[bug]), pytest.raises(AssertionError):
        await once_under_any_policy()
