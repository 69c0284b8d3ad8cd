"""What is shown: a tree with its first facts, and a ledger that names nobody's score."""

import json
from typing import Any

from rich.console import Console

from cli.demo import contested
from cli.demo.importing import Phase
from cli.demo.ledger import Ledger, scores
from cli.demo.main import brief
from cli.demo.story import shortened
from cli.demo.world.lines import OF_FILES, Origin
from cli.explain import Report

TREE = """grade = B (band)
  viewers = 10 (mean)
    viewers = 1 (fact a, stream/1)
    viewers = 2 (fact b, stream/2)
    viewers = 3 (fact c, stream/3)
    target = 5 (rule p v1 S-33)
  [weight 20] gmv = 9 (sum)
    by_minutes = 1 (ratio)
      gmv = 7 (fact d, stream/1)
    by_minutes = 2 (ratio)
      gmv = 8 (fact e, stream/2)
    by_minutes = 3 (ratio)
      gmv = 9 (fact f, stream/3)
  marks = 1 (mean)
    language = 1 (fact g, hr)""".splitlines()


def test_of_many_of_a_kind_the_first_are_shown_with_what_stands_below() -> None:
    assert list(shortened(TREE)) == [
        *TREE[:4], "    target = 5 (rule p v1 S-33)", "    … 1 more facts",
        *TREE[6:11], "    … 1 more by_minutes",
        *TREE[13:],
    ]  # fmt: skip


ID = "6cfdd889-0000-4000-8000-00000000afb8"


def test_ids_are_shortened_except_where_they_are_to_be_typed() -> None:
    assert brief(f"exam (event {ID})") == "exam (event 6cfdd889…afb8)"
    assert brief(f"of {ID}: ./kaibo explain penalty/{ID}") == f"of 6cfdd889…afb8: ./kaibo explain penalty/{ID}"


def test_an_objection_ends_on_a_day_of_the_organisation() -> None:
    row: dict[str, Any] = {
        "raised_on": "2026-11-23",
        "answer_by": None,
        "reason": "r",
        "handler": "h",
        "ended_at": "2026-11-22T16:16:00.123456Z",
        "standing": "upheld",
        "capacity": "hr",
        "finding": "f",
        "corrections": [],
    }
    assert list(contested.told(row, "it")) == ["2026-11-23, to it: r", "upheld on 2026-11-23, by hr: f"]


REVIEWS: list[dict[str, Any]] = [
    {"month": "2024-05", "post": "anchor", "studio": "s", "state": "completed", "score": "80.00", "grade": "B"},
    {"month": "2024-05", "post": "anchor", "studio": "s", "state": "completed", "score": "91.01", "grade": "A"},
    {"month": "2024-05", "post": "anchor", "studio": "s", "state": "scored", "score": None, "grade": "not_rated"},
    {"month": "2024-07", "post": "", "studio": "", "state": "unopened", "score": None, "grade": ""},
]


def test_scores_are_summed_up_by_post_and_studio() -> None:
    (row,) = scores(REVIEWS)
    assert (row["reviews"], row["mean"], row["grades"]) == (3, 85.5, {"B": 1, "A": 1, "not_rated": 1})


def ledger(differences: list[str], changed: int) -> Ledger:
    phase = Phase(name="history", lines=10, events=changed, seconds=1.0, lag=0.5)
    return Ledger(
        input="files",
        seed=1,
        sources=OF_FILES,
        origins={Origin.REAL: 7, Origin.GENERATED: 3},
        persons={Origin.FICTIONAL: 2},
        joining_generated=1,
        rows=5,
        figures={
            "streams": 4,
            "streams too long": 1,
            "streams with crew": 3,
            "streams of 2024-05": 4,
            "archives": 2,
            "attendance sick": 1,
            "results first good": 2,
            "awards training_excellence final": 1,
            "penalties points_deduction held": 1,
            "objections reviews upheld": 2,
            "rectifications lifted": 1,
            "score 2024-05 person-1": "80.00 B",
        },
        reviews=REVIEWS,
        studios={"s": "Studio S"},
        checked={"recounted": 0.1},
        explained=Report(stored=3, unsound=()),
        quarter={"made_of": ["2024-05", "2024-06"], "not_rated": ["2024-04: too few days"]},
        events=60,
        phases=[phase],
        again=phase,
        differences=differences,
    )


def shown(told: Ledger) -> str:
    console = Console(width=140, record=True, quiet=False, file=None, force_terminal=False)
    with console.capture() as captured:
        told.show(console)
    return captured.get()


def test_the_ledger_says_real_fictional_and_generated_apart() -> None:
    text = shown(ledger([], 0))
    for word in ("real", "fictional", "generated", "Studio S", "2024-05 and 2024-06", "too few days", "Clock: real"):
        assert word in text
    assert "Recount equal: 12 figures" in text
    assert "0 changed" in text


def test_the_ledger_tells_what_was_contested() -> None:
    text = " ".join(shown(ledger([], 0)).replace("│", " ").split())
    assert "penalties points_deduction 0 1 0 0 0" in text
    assert "to reviews 0 2 0" in text
    assert "Rectification 整改, of whoever lost points: lifted 1." in text
    assert "Priority 优先 for promotion and training, after excellent months in a row: none." in text


def test_the_ledger_says_what_differs() -> None:
    text = shown(ledger(["streams: recounted 5, found 4"], 2))
    assert "Recount NOT equal: 1 of 12 figures" in text
    assert "streams: recounted 5, found 4" in text
    assert "2 changed" in text


def test_the_written_figures_name_nobodys_score() -> None:
    document = ledger([], 0).document()
    assert "person-1" not in json.dumps(document)
    assert document["recount"] == {"figures": 12, "equal": True, "differences": []}
    assert document["imported_again"] == {"lines": 10, "changed": 0}
    assert document["figures"]["streams"] == 4
