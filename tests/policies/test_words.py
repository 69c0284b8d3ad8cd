"""Policies in words, two of them compared, and the list of what is left open."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.policy import found, lint, read
from cli.policy_open import CODES, states
from cli.policy_report import changes, nothing, summary
from cli.policy_words import differences, standing, words
from cli.state import State
from deploy.local.processes import StartFailed

ROOT = Path(__file__).parents[2]
ANCHOR = ROOT / "deploy/demo/policies/performance/anchor.yaml"


def changed(tmp_path: Path, *replaced: tuple[str, str]) -> Path:
    text = ANCHOR.read_text()
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new, 1)
    file = tmp_path / "changed.yaml"
    file.write_text(text)
    return file


def test_a_policy_is_shown_with_its_values_and_clauses() -> None:
    said = "\n".join(words(read(ANCHOR)[1]))
    for part in (
        "考核标准 appraisal standard: appraisal_standard.anchor, 版本 version 1",
        "生效 in force: from 2024-01-01",
        "适用范围 for: post: anchor",
        "权重 weight: 60 % (S-39)",
        "目标 target: 15000 (S-33)",
        "≥ 75 < 90 → B",
    ):
        assert part in said


RESULT, ON_AIR = "name: result\n    weight: 60", "name: conduct_on_air\n    weight: 20"
WITH: dict[str, tuple[str, str]] = {  # what changes along, or it would be refused
    RESULT: (ON_AIR, ON_AIR.replace("20", "10")),
    "below: 60, gives: D": ("at_least: 60, below: 75, gives: C", "at_least: 55, below: 75, gives: C"),
}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (RESULT, RESULT.replace("60", "70"), "components.result: 权重 weight rises from 60 % to 70 %"),
        ("{target: 15000,", "{target: 12000,", "live_viewers.form: 目标 target falls from 15000 to 12000"),
        ("below: 60, gives: D", "below: 55, gives: D", "grades.1: below falls from 60 to 55"),
        ("plus_cap: 5\n", "", "the policy: 加分上限 plus points at most falls away; it was 5"),
        ("post: [anchor]", "post: [anchor, singer]", "适用范围 for: post: anchor → post: anchor, singer"),
        ("aggregation: mean", "aggregation: sum", "live_viewers.measure: aggregation becomes sum; it was mean"),
    ],
)
def test_what_changes_is_told_in_words(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = changed(tmp_path, (old, new), *([WITH[old]] if old in WITH else []))
    told = differences(read(ANCHOR)[1], read(file)[1])
    assert any(said in line for line in told), told
    assert differences(read(ANCHOR)[1], read(ANCHOR)[1]) == []


def test_a_version_is_shown_with_what_the_register_says_of_it() -> None:
    assert standing(None).startswith("未登记 not in it: no consultation, adoption or publication is recorded")
    row = {"stage": "published", "effective_on": "2024-05-01", "sha256": "5" * 64}
    assert standing(row, "5" * 64) == "published, in force from 2024-05-01"
    assert standing(row, "6" * 64) == "published, in force from 2024-05-01; it is another text than this"
    assert standing({**row, "stage": "adopted", "effective_on": None}) == "adopted"


def test_lint_tells_every_line_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint([ANCHOR, changed(tmp_path, ("weight: 30", "weight: 31"))]) == 1
    out = capsys.readouterr().out
    assert "appraisal_standard.anchor:1 is sound, for performance" in out
    assert "changed.yaml:13: components.result.parts: " in out


def test_lint_refuses_clauses_that_no_regulation_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for clause in ("Z-99", "T-999"):
        assert lint([changed(tmp_path, ("clause: S-33", f"clause: {clause}"))]) == 1
        at = next(i for i, line in enumerate(ANCHOR.read_text().splitlines(), 1) if "clause: S-33" in line)
        said = capsys.readouterr().out
        assert f"changed.yaml:{at}: " in said
        assert f"the regulations have no clause {clause}" in said
    for clause in ("house rule 3", "C-05", "P-06", "R4"):
        assert lint([changed(tmp_path, ("clause: S-33", f"clause: {clause}"))]) == 0


def test_lint_finds_every_policy_that_ships_and_the_demos_sound() -> None:
    assert lint([*ROOT.glob("services/*/policies/*.yaml"), *ROOT.glob("deploy/demo/policies/*/*.yaml")]) == 0


def test_a_policy_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAIBO_POLICIES", raising=False)
    state = State(tmp_path)
    assert found(state, "appraisal_standard.anchor") == ANCHOR
    assert found(state, "award_items") == ROOT / "deploy/demo/policies/supervision/award_items.yaml"
    with pytest.raises(StartFailed, match="There is no file and no policy nothing"):
        found(state, "nothing")
    (tmp_path / "supervision").mkdir()
    monkeypatch.setenv("KAIBO_POLICIES", str(tmp_path))
    assert found(state, "award_items") == ROOT / "services/supervision/policies/award_items.yaml"


def loaded(**more: Any) -> dict[str, Any]:
    policy = {
        "policy": "adjustments",
        "version": 2,
        "file": "adjustments.yaml",
        "ships": False,
        "effective_from": "2024-01-01",
        "open": [{"code": "P-04", "place": "training_excellence.points", "value": "2"}],
    }
    ships = {**policy, "version": 1, "ships": True, "open": [{**policy["open"][0], "value": None}]}  # type: ignore[index,dict-item]
    return {"performance": {"asked": ["P-04", "P-09"], "policies": [policy, ships]}, **more}


def test_all_24_open_values_are_listed_with_their_state() -> None:
    found = states(loaded())
    assert list(found) == list(CODES) == [f"P-{n:02}" for n in range(1, 25)]
    where = "(adjustments v2, performance/adjustments.yaml, from 2024-01-01; organisation)"
    assert found["P-04"] == f"training_excellence.points = 2 {where}"
    assert found["P-09"] == "not configured"
    for register, said in (({}, "not"), ({"adjustments:2": {"stage": "adopted"}}, "adopted")):
        assert states(loaded(), register)["P-04"].endswith(f"organisation; {said} in the register)")
    assert found["P-01"] == "not configured; no rule asks for it yet"


def test_the_report_in_words_names_nobody() -> None:
    of = {"results": 2, "mean": "80.00", "grades": {"A": 2}, "bonus": 300_000}
    would = {**of, "mean": "70.00", "grades": {"B": 2}, "bonus": 240_000}
    report = {
        "results": 2,
        "persons": 2,
        "teams": 0,
        "changed": 2,
        "was": of,
        "would": would,
        "changes": [],
        "unsaid": ["A"],
        "by_post": [{"name": "anchor"}],
        "by_studio": [{"name": "east"}],
    }
    said = summary(read(ANCHOR)[1], report, "2024-05", "2024-06")
    assert "平均分 mean points: 80.00 → 70.00." in said
    assert "等级 grades: A 2 → 0, B 0 → 2." in said
    assert "奖金 bonus: ¥3,000.00 → ¥2,400.00." in said
    assert "over 2024-05 to 2024-06: 2 results of 2 persons.\n" in said
    assert said.endswith("A.\nNothing was decided, stored or published.")


@pytest.mark.parametrize(
    ("population", "strange"),
    [
        ("{post: [ancor]}", "post: ancor"),
        ("{post: [anchor], studio: [nowhere]}", "post: anchor; studio: nowhere"),
        ("{cel: \"post == 'ancor'\"}", "post == 'ancor'"),
        ("{post: [anchor]}", None),
        ("{post: [anchor], engagement: [employee]}", None),
        ("{cel: \"post == 'anchor'\"}", None),
        ("{cel: \"engagement == 'employee'\"}", None),
    ],
)
def test_a_population_to_which_no_result_belongs_is_told(tmp_path: Path, population: str, strange: str | None) -> None:
    document = read(changed(tmp_path, ("{post: [anchor]}", population)))[1]
    groups = {"by_post": [{"name": "anchor"}, {"name": "singer"}], "by_studio": [{"name": "east"}]}
    report = {"results": 3, "persons": 3, "teams": 0, "changed": 0, "was": {}, "would": {}, "unsaid": [], **groups}
    said = summary(document, report, "2024-05", "2024-05").splitlines()[1]
    they = "they have post: anchor, singer; studio: east."
    told = f"None of them is of the policy's population ({strange}): {they}" if strange else None
    assert said == (told or "None of them would be another.")


def test_where_nothing_can_be_compared_it_is_told_what_there_is() -> None:
    there = {"periods": ["2024-05", "2024-06"], "studios": ["east"]}
    assert nothing(there, "2024-05", "2024-06", "nowhere") == (
        "There is no result of the studio nowhere over 2024-05 to 2024-06. "
        "There are results of: 2024-05, 2024-06; studios: east"
    )
    assert nothing({"periods": [], "studios": []}, "2024-05", "2024-06", "") == (
        "There is no result over 2024-05 to 2024-06, nor of any other period."
    )


def test_who_changes_is_told_with_whole_ids() -> None:
    person = "6cfdd889-0000-4000-8000-00000000afb8"
    of = {"score": "80.00", "grade": "A", "bonus": 300_000, "kind": "penalty", "name": "points_deduction"}
    one = {"person": person, "about": "", "period": "2024-05", "post": "assistant_anchor", "was": of, "would": of}
    console = Console(width=80)
    with console.capture() as captured:
        console.print(changes([one]))
    assert person in "".join(line.split(" ")[0].strip() for line in captured.get().splitlines())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [x\n", ":2: this is no YAML"),
        ("a,b\n1,2\n", ":1: a policy is a mapping that begins with `kind:`"),
        ("kind: Nothing\n", ":1: kind: Nothing is none of"),
        ("kind: 'BonusScheme'\nname: x\n", ":1: policy must be said"),
    ],
)
def test_what_is_no_policy_is_told_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    with pytest.raises(StartFailed) as refused:
        read(file)
    assert f"{file}{says}" in str(refused.value)


def test_a_kind_of_several_services_is_that_of_the_folder_in_which_it_stands() -> None:
    for service in ("performance", "supervision", "training"):
        assert read(ROOT / "deploy/demo/policies" / service / "objections.yaml")[0] == service


def test_money_is_shown_in_yuan(tmp_path: Path) -> None:
    scheme = ROOT / "deploy/demo/policies/performance/bonus.yaml"
    assert any(line.endswith("≥ 90 → ¥1,500.00") for line in words(read(scheme)[1]))
    higher = tmp_path / "bonus.yaml"
    higher.write_text(scheme.read_text().replace("150000", "180000"))
    assert [*differences(read(scheme)[1], read(higher)[1])] == [
        "bands.4: gives rises from ¥1,500.00 to ¥1,800.00",
    ]
