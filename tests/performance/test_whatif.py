"""What another policy would have made of May, over HTTP, and that nothing comes of asking."""

import json
from typing import Any

import pytest

from tests.performance.test_whole import DEMO, SUBJECT, Performance, may, until

__all__ = ["may"]

ANCHOR, ADJUSTMENTS, BONUS, ROLL_UP = (DEMO / f"{name}.yaml" for name in ("anchor", "adjustments", "bonus", "roll_up"))


async def tried(there: Performance, policy: str, **more: str) -> tuple[list[Any], dict[str, Any]]:
    """The lines of progress, and the report."""
    body = {"policy": policy, "since": "2024-05", "until": "2024-06", **more}
    answer = await there.post("/what-if", body)
    assert answer.status_code == 200, answer.text
    *progress, last = [json.loads(line) for line in answer.text.splitlines()]
    return progress, last["report"]


@pytest.fixture
async def scored(may: Performance) -> Performance:
    """97.40, of which 2 are for an excellent exam; completed, and so with a bonus."""
    await may.done("/reviews/score", SUBJECT)
    row = await may.review(state="scored")
    assert (row["score"], row["grade"]) == ("97.40", "A")
    await may.done("/reviews/complete", SUBJECT)
    await may.review(state="completed")
    return may


@pytest.mark.parametrize("file", [ANCHOR, ADJUSTMENTS, BONUS], ids=lambda file: str(file.stem))
async def test_the_unchanged_policy_changes_nothing_and_nothing_is_recorded(scored: Performance, file: Any) -> None:
    before = await scored.store.maximum()
    progress, report = await tried(scored, file.read_text())
    assert progress == [{"done": 1, "of": 1}]
    assert (report["results"], report["changed"], report["changes"]) == (1, 0, [])
    assert report["was"] == report["would"] == {"results": 1, "mean": "97.40", "grades": {"A": 1}, "bonus": 150_000}
    assert await scored.store.maximum() == before


async def test_it_says_who_changes_and_how_the_rule_falls_on_studios_posts_and_evaluators(scored: Performance) -> None:
    stricter = ANCHOR.read_text().replace("at_least: 90, gives: A", "at_least: 98, gives: A")
    stricter = stricter.replace("below: 90, gives: B", "below: 98, gives: B").replace("version: 1", "version: 2")
    before = await scored.store.maximum()
    _, report = await tried(scored, stricter)
    (change,) = report["changes"]
    assert change == {
        "person": "a",
        "team": None,
        "period": "2024-05",
        "post": "anchor",
        "studio": "east",
        "evaluator": "reviewer",
        "about": "",
        "was": {"score": "97.40", "grade": "A", "bonus": 150_000},
        "would": {"score": "97.40", "grade": "B", "bonus": 150_000},
    }
    assert report["changed"] == 1
    for by, name in (("by_studio", "east"), ("by_post", "anchor"), ("by_evaluator", "reviewer")):
        (group,) = report[by]
        assert (group["name"], group["was"]["grades"], group["would"]["grades"]) == (name, {"A": 1}, {"B": 1})
    assert await scored.store.maximum() == before


@pytest.mark.clause("T-65")
async def test_other_points_for_an_excellent_exam_are_other_scores(scored: Performance) -> None:
    _, report = await tried(scored, ADJUSTMENTS.read_text().replace("{points: 2}", "{points: 1}"))
    assert [c["would"]["score"] for c in report["changes"]] == ["96.40"]
    _, report = await tried(scored, ADJUSTMENTS.read_text().replace("{points: 2}", "{}"))
    assert [c["would"]["score"] for c in report["changes"]] == ["95.40"]


async def test_another_scheme_is_another_sum(scored: Performance) -> None:
    _, report = await tried(scored, BONUS.read_text().replace("150000", "160000"))
    assert (report["was"]["bonus"], report["would"]["bonus"]) == (150_000, 160_000)
    assert report["would"]["grades"] == {"A": 1}


async def test_another_studio_or_month_is_not_looked_at(scored: Performance) -> None:
    _, report = await tried(scored, ANCHOR.read_text(), scope="west")
    assert report["results"] == 0
    assert report["there"] == {"periods": ["2024-05"], "studios": ["east"]}
    _, report = await tried(scored, ANCHOR.read_text(), since="2024-06")
    assert report["results"] == 0
    assert report["there"] == {"periods": ["2024-05"], "studios": ["east"]}


async def test_a_policy_of_other_people_leaves_them_as_they_are(scored: Performance) -> None:
    others = ANCHOR.read_text().replace("{post: [anchor]}", "{cel: \"post == 'anchor' && studio != 'east'\"}")
    _, report = await tried(scored, others.replace("weight: 30", "weight: 30 "))
    assert report["changed"] == 0


async def test_what_is_no_policy_is_refused_with_its_line(may: Performance) -> None:
    body = {"policy": ANCHOR.read_text().replace("weight: 30", "weight: 31"), "since": "2024-05", "until": "2024-05"}
    answer = await may.post("/what-if", body)
    assert answer.status_code == 422
    assert "policy:13: components.result.parts:" in answer.json()["errors"][0]["what"]
    backwards = await may.post("/what-if", {**body, "until": "2024-04"})
    assert backwards.status_code == 422
    assert (await may.post("/what-if", body, capacity="anchor")).status_code == 403


async def test_the_policies_that_are_loaded_are_listed(may: Performance) -> None:
    loaded = (await may.get("/policies")).json()
    assert {"P-04", "P-09", "P-10", "P-11", "P-17"} <= set(loaded["asked"])
    found = {(p["policy"], p["version"]): p for p in loaded["policies"]}
    anchor = found["appraisal_standard.anchor", 1]
    assert (anchor["file"], anchor["ships"], anchor["population"]) == ("anchor.yaml", False, {"post": ["anchor"]})
    assert found["adjustments", 1]["ships"] is True
    points = [found["adjustments", version]["open"] for version in (1, 2)]
    assert points == [
        [{"code": "P-04", "place": "training_excellence.points", "value": value}] for value in (None, "2")
    ]
    assert len(anchor["digest"]) == 64


@pytest.mark.clause("E-62", "P-10")
async def test_quarters_and_years_under_another_roll_up(scored: Performance) -> None:
    async def completed() -> bool:
        answer = await scored.get("/periods/a/2024-Q2")
        return answer.status_code == 200 and answer.json()["result"]["score"] == "97.40"

    await until(completed)
    _, report = await tried(scored, ROLL_UP.read_text())
    assert (report["results"], report["changed"]) == (2, 0)
    assert {group["name"] for group in report["by_post"]} == {"anchor"}
    stricter = ROLL_UP.read_text().replace("at_least: 90, gives: A", "at_least: 98, gives: A")
    _, report = await tried(scored, stricter.replace("below: 90, gives: B", "below: 98, gives: B"))
    assert {c["period"]: (c["was"]["grade"], c["would"]["grade"]) for c in report["changes"]} == {"2024": ("A", "B")}
