"""The trial of a policy over the reviews of some months, or over their quarters and years: reads what is recorded,
computes, and tells. It stores nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from services.performance.bonuses.facts import PersonBonus, bonuses_earned
from services.performance.periods.facts import PersonPeriod, months, periods
from services.performance.reviews.decisions import Completed, Scored, reviews
from services.performance.reviews.events import Event, ReviewScored
from services.performance.reviews.projections import ReviewRow, reviews_by_month
from services.performance.scores.facts import kpi
from services.performance.scores.standard import AppraisalStandard, Judging
from services.performance.whatif.results import Decided, Outcome, compare, compare_period, summary
from services.vocabulary import PersonMonth
from services.whatif import Case, report, there
from shared.decider import Context, Refused
from shared.desk import recall
from shared.event import Envelope, decoder
from shared.facts import key_text
from shared.store import Result as Stored
from shared.trial import Trial

CHUNK = 100
PAGE = 500


async def try_reviews(trial: Trial) -> AsyncIterator[Mapping[str, Any]]:
    """Raises Refused("trial.lone_raters")."""
    check_raters(trial)
    rows = await reviewed(trial)
    asked = (r for r in rows if trial.since <= r.month <= trial.until and trial.scope in ("", r.studio))
    subjects = [PersonMonth(person=row.person, month=row.month) for row in asked]
    compared: list[Case[Outcome]] = []
    for start in range(0, len(subjects), CHUNK):
        compared += await chunk(trial, subjects[start : start + CHUNK])
        yield {"done": min(start + CHUNK, len(subjects)), "of": len(subjects)}
    yield {"report": report(compared, summary) | {"there": there((row.month, row.studio) for row in rows)}}


def check_raters(trial: Trial) -> None:
    """Whoever rated was promised that so many rate with him: under fewer, a trial would tell one rater's mark (R5)."""
    promised = [one for d in trial.policies.of(AppraisalStandard) for one in judging(d.body)]
    for tried in judging(trial.tried.body):
        if any(one.name is tried.name and tried.at_least.amount < one.at_least.amount for one in promised):
            raise Refused(
                "trial.lone_raters",
                clause="R5",
                relation=tried.name,
                next="try it with as many raters at least as the standards in force ask for",
            )


def judging(body: object) -> Iterator[Judging]:
    """How raters count in a standard."""
    for measure in body.rated if isinstance(body, AppraisalStandard) else ():
        yield from measure.by


async def reviewed(trial: Trial) -> list[ReviewRow]:
    found: list[ReviewRow] = []
    after: tuple[Any, ...] | None = None
    while page := await trial.store.page(reviews_by_month, {}, after, PAGE):
        found += [row for row in page if row.version]
        after = reviews_by_month.identity(page[-1])
    return found


async def try_periods(trial: Trial) -> AsyncIterator[Mapping[str, Any]]:
    """Every quarter and year to which one of these months belongs."""
    every = await period_scores(trial)
    stand = {s: one for s, one in every.items() if any(trial.since <= m <= trial.until for m in months(s.period))}
    subjects = list(stand)
    cases: list[Case[Outcome]] = []
    context = Context(now=datetime.now(UTC), actor="", policies=trial.under)
    for start in range(0, len(subjects), CHUNK):
        some = subjects[start : start + CHUNK]
        held = await trial.store.known(periods, [key_text(s) for s in some])
        for subject in some:
            known = periods.gathered(subject, (recall(trial.desk.contracts, h) for h in held[key_text(subject)]))
            case = compare_period(subject, stand[subject], known, context)
            cases.append(case)
        yield {"done": start + len(some), "of": len(subjects)}
    told = there([*((s.period, "") for s in every), *((case.period, case.studio) for case in cases)])
    yield {"report": report([c for c in cases if trial.scope in ("", c.studio)], summary) | {"there": told}}


async def period_scores(trial: Trial) -> dict[PersonPeriod, Stored]:
    """What is computed of each, under the policies that are loaded."""
    found: dict[str, Stored] = {}
    while page := await trial.store.results(periods, list(found)[-1] if found else "", PAGE):
        found |= page
    return {periods.named(text): result for text, result in found.items()}


async def chunk(trial: Trial, subjects: Sequence[PersonMonth]) -> list[Case[Outcome]]:
    decided = await decisions(trial, subjects)
    contracts = trial.desk.contracts
    held = await trial.store.known(kpi, [key_text(s) for s in decided])
    earning = await trial.store.known(bonuses_earned, [key_text(PersonBonus.of(s)) for s in decided])
    context = Context(now=datetime.now(UTC), actor="", policies=trial.policies)
    found = []
    for subject, one in decided.items():
        known = kpi.gathered(subject, (recall(contracts, h) for h in held[key_text(subject)]))
        own = PersonBonus.of(subject)
        earned = bonuses_earned.gathered(own, (recall(contracts, h) for h in earning[key_text(own)]))
        found.append(compare(one, known, earned, context, trial.under, trial.tried))
        await asyncio.sleep(0)  # the process serves others meanwhile
    return found


async def decisions(trial: Trial, subjects: Sequence[PersonMonth]) -> dict[PersonMonth, Decided]:
    """As the log tells them: the last version of each result, and who scored it."""
    streams = {reviews.named(s.person, s.month): s for s in subjects}
    found = {}
    for stream, stored in (await trial.store.history(streams)).items():
        events = (cast(Event, trial.desk.contract.decode(s.type, s.schema, s.data)) for s in stored)
        stage = reviews.state(events).stage
        if not isinstance(stage, Scored | Completed):
            continue
        scored = next(s for s in stored if s.type == ReviewScored.__name__)
        found[streams[stream]] = Decided(
            subject=streams[stream],
            traits={"post": stage.opened.post, "studio": stage.opened.studio},
            evaluator=decoder(Envelope).decode(scored.meta).actor,
            result=stage.result,
        )
    return found
