"""What is published of a month explains itself, on PostgreSQL and Kafka. G10."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from types import ModuleType

import pytest

from cli.explain import verified
from deploy.local.kafka import Kafka
from services.performance.main import service
from services.performance.reviews import results
from services.supervision.contracts import contract as supervision
from services.training.contracts import contract as training
from shared import explanation
from shared.explanation import evaluate, find, load
from shared.kafka import KafkaBroker, KafkaSettings
from shared.postgres import open_store
from tests.performance.test_whole import SUBJECT, Performance, logs_of, running, told_of_may
from tests.seeded.patching import mutated

TOPICS = [topic for contract in (service.contract, supervision, training) for topic in contract.topics]


@asynccontextmanager
async def really_running(database: str, kafka: Kafka) -> AsyncIterator[Performance]:
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))
    store = await open_store(database, dict.fromkeys(service.contract.topics, 2), size=20)
    try:
        async with running(store=store, broker=broker) as there:
            yield there
    finally:
        await broker.remove(TOPICS)
        await broker.close()
        await store.close()


async def what_is_published_explains_itself(there: Performance) -> None:
    """Score and grade are what the stored tree yields, its leaves are of the facts that were used, and whatever else
    is stored follows from the logs and the policies."""
    await told_of_may(there)
    await there.done("/reviews/score", SUBJECT)
    await there.done("/reviews/complete", SUBJECT)
    row = await there.review(state="completed")
    told = (await there.explained(by="a", capacity="anchor")).json()
    tree = load(told["document"])
    assert (evaluate(find(tree, "score")), evaluate(tree)) == (Fraction(row["score"]), row["grade"])
    leaves = {event for event, *_ in told["document"]["events"]}
    assert leaves
    assert leaves <= set(told["used"])
    report = await verified(logs_of(there))
    assert report.stored >= 2
    assert report.unsound == ()


async def test_what_is_published_explains_itself(database: str, kafka_broker: Kafka) -> None:
    async with really_running(database, kafka_broker) as there:
        await what_is_published_explains_itself(there)


BUGS: dict[str, tuple[ModuleType, str, str]] = {
    "the score is computed beside its tree": (
        results,
        "score=points(tree),",
        'score=Decimal(round(evaluate(find(tree, "score")))),',
    ),
    "a leaf does not keep its event": (
        explanation,
        "event=recorded.cited or recorded.citation, amount=amount, by=by,",
        'event=Citation("an event"), amount=amount, by=by,',
    ),
    "what was used is not kept": (results, "used=context.known(kpi, subject).ids,", "used=(),"),
}


@pytest.mark.parametrize("bug", BUGS)
async def test_seeded_what_does_not_explain_itself(bug: str) -> None:
    """On the adapters in memory: these bugs are not in them."""
    with mutated(*BUGS[bug]), pytest.raises(AssertionError):
        async with running() as there:
            await what_is_published_explains_itself(there)


async def test_seeded_what_does_not_explain_itself_on_the_real_parts(database: str, kafka_broker: Kafka) -> None:
    with mutated(*BUGS["the score is computed beside its tree"]), pytest.raises(AssertionError):
        async with really_running(database, kafka_broker) as there:
            await what_is_published_explains_itself(there)
