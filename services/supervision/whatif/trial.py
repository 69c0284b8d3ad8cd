"""The trial of a policy over the awards and penalties of some months: reads what is recorded, decides again in memory,
and tells. It stores nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeVar

from services.supervision.awards.decisions import months as of_period
from services.supervision.awards.events import AwardProposed
from services.supervision.awards.merits import MeritMonth, merits
from services.supervision.directory.teams import Team, teams
from services.supervision.violations.events import ViolationKind, ViolationRecorded
from services.supervision.violations.facts import monthly_figures, moved, window
from services.supervision.whatif.facts import Conduct, Event, conduct
from services.supervision.whatif.replay import Replay
from services.supervision.whatif.results import UNSAID, Outcome, compare, summary
from services.vocabulary import Month, PersonMonth
from services.whatif import Case, report, there
from shared.desk import recall
from shared.facts import Facts, Known, key_text
from shared.trial import Trial

K = TypeVar("K", PersonMonth, MeritMonth, Team)
CHUNK = 100
PAGE = 1_000
ALWAYS = ("0000-01", "9999-12")


async def try_consequences(trial: Trial) -> AsyncIterator[Mapping[str, Any]]:
    everyone = await everybody(trial)
    cases: list[Case[Outcome]] = []
    every: list[Case[Outcome]] = []
    for start in range(0, len(everyone), CHUNK):
        for replay in await replays(trial, everyone[start : start + CHUNK]):
            replay.run(months(trial))
            cases += compare(replay, trial.since, trial.until, trial.scope)
            every += compare(replay, *ALWAYS, "")
            await asyncio.sleep(0)  # the process serves others meanwhile
        yield {"done": min(start + CHUNK, len(everyone)), "of": len(everyone)}
    told = there((case.period, case.studio) for case in every if case.was is not None)
    yield {"report": report(cases, summary, UNSAID) | {"there": told}}


async def everybody(trial: Trial) -> list[Conduct]:
    found: list[str] = []
    while page := await trial.store.results(conduct, found[-1] if found else "", PAGE):
        found += page
    return [conduct.named(text) for text in found]


def months(trial: Trial) -> list[Month]:
    found = [Month(trial.since)]
    while found[-1] < trial.until:
        found.append(moved(found[-1], 1))
    return found


async def replays(trial: Trial, subjects: Sequence[Conduct]) -> list[Replay]:
    contracts = trial.desk.contracts
    held = await trial.store.known(conduct, [key_text(one) for one in subjects])
    told = {one: conduct.gathered(one, (recall(contracts, h) for h in held[key_text(one)])) for one in subjects}
    judged = {one: judged_months(one, told[one], months(trial)) for one in subjects}
    figures = await known_of(monthly_figures, judged, trial)
    shown = await known_of(merits, {one: awarded_months(told[one]) for one in subjects}, trial)
    posts = await known_of(teams, {one: [Team(team=one.team)] if one.team else [] for one in subjects}, trial)
    return [Replay(one, told[one].facts, figures[one], shown[one], posts[one], trial.under) for one in subjects]


async def known_of(
    facts: Facts[K, Any, Any, Any], asked: Mapping[Conduct, Sequence[K]], trial: Trial
) -> dict[Conduct, dict[K, Known[Any]]]:
    held = await trial.store.known(facts, [key_text(s) for subjects in asked.values() for s in subjects])
    contracts = trial.desk.contracts
    return {
        one: {s: facts.gathered(s, (recall(contracts, h) for h in held[key_text(s)])) for s in subjects}
        for one, subjects in asked.items()
    }


def awarded_months(told: Known[Event]) -> list[MeritMonth]:
    """Of the periods for which an award was proposed."""
    proposed = (r.event for r in told.every(AwardProposed))
    return list(
        dict.fromkeys(
            s for award in proposed if award.person is not None for s in of_period(award.person, award.period)
        )
    )


def judged_months(one: Conduct, told: Known[Event], period: Sequence[Month]) -> list[PersonMonth]:
    """Those of the period, those that were found poor before, and what each is compared with; of a team none."""
    if one.person is None:
        return []
    poor = {
        Month(r.event.occasion) for r in told.every(ViolationRecorded) if r.event.kind is ViolationKind.POOR_PERFORMANCE
    }
    found = (s for month in {*poor, *period} for s in window(PersonMonth(person=one.person, month=month)))
    return list(dict.fromkeys(found))
