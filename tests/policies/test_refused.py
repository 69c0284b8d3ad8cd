"""What a policy is refused for when it is loaded: with file, line and reason. Rulings R3, R4, R5; C-05, C-11."""

import re
from pathlib import Path

import pytest

from services.people.main import service as people
from services.performance.main import service as performance
from services.supervision.main import service as supervision
from services.training.main import service as training
from shared.policy import PolicyError, Source, load_document
from shared.service import Service

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "deploy/demo/policies"
SERVICES = {service.name: service for service in (training, people, performance, supervision)}


def refused(service: Service, file: Path, old: str, new: str) -> list[str]:
    """What is said of a file in which something was changed: `file:line: place: reason`, a line each."""
    text = file.read_text()
    assert text.count(old) >= 1, old
    source = Source(file=Path(file.name), text=text.replace(old, new, 1))
    with pytest.raises(PolicyError) as error:
        load_document(service.format, source.text, source)
    return str(error.value).splitlines()


def line(file: Path, words: str) -> int:
    """Of the first line that holds these words."""
    return next(i for i, text in enumerate(file.read_text().splitlines(), 1) if words in text)


ANCHOR = DEMO / "performance/anchor.yaml"
CONSEQUENCES = ROOT / "services/supervision/policies/consequence_rules.yaml"
CATALOGUE = ROOT / "services/supervision/policies/penalties_assistant_anchor.yaml"
POOR = DEMO / "supervision/poor_performance.yaml"


@pytest.mark.clause("C-05", "R5")
@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ("weight: 30", "weight: 29", "parts:", "components.result.parts: live_viewers, interaction_rate, .* weigh 99"),
        ("weight: 30", "weight: heavy", "weight: 30", "live_viewers.weight: a number is wanted"),
        (
            "{below: 1, gives: 40}",
            "{below: 1.2, gives: 40}",
            "{at_least: 1, below: 1.5",
            "an overlap between 1.2 and 1",
        ),
        ("{below: 1, gives: 40}", "{below: 0.8, gives: 40}", "{at_least: 1, below: 1.5", "a gap between 0.8 and 1"),
        (
            "{below: 1, gives: 40}",
            "{up_to: 1, gives: 40}",
            "{at_least: 1, below: 1.5",
            "an overlap: 1 is in both bands",
        ),
        ("{at_least: 1, below", "{above: 1, below", "{at_least: 1, below: 1.5", "a gap: 1 is in neither band"),
        ("{below: 1, gives: 40}", "{at_least: 0, below: 1, gives: 40}", "{below: 1, gives: 40}", "no lower edge"),
        ("{at_least: 2, gives", "{at_least: 2, below: 9, gives", "{at_least: 2, gives", "no upper edge"),
        ("{below: 60, gives: D}", "{below: 61, gives: D}", "{at_least: 60, below: 75", "an overlap between 61 and 60"),
        ("figure: viewers", "figure: viewrs", "figure: viewers", "measure.figure: Input should be 'viewers'"),
        ("unit: persons", "unit: heads", "unit: persons", "form.unit: Input should be 'count'"),
        ("{target: 15000,", "{target: 0,", "{target: 15000,", "form.target: a target, .* above 0"),
        ("{target: 15000,", "{targt: 15000,", "{target: 15000,", "form.targt: nothing is called so here"),
        ("excellent: A", "excellent: S", "excellent: A", "excellent: excellent: S is none of the grades"),
        ("gives: D", "gives: 4", "gives: D", "grades.0.gives: grades are words"),
        ("post: [anchor]", "posts: [anchor]", "post: [anchor]", "population.posts: nothing is called so here"),
        ("post: [anchor]", "category: [anchr]", "post: [anchor]", "population.category.0: Input should be 'live_mark"),
        ("{post: [anchor]}", '{cel: "post = 3"}', "post: [anchor]", "population.cel: this is no expression"),
        ("{post: [anchor]}", '{cel: "post > 3"}', "post: [anchor]", "population.cel: post is a word and 3 a number"),
        ("{post: [anchor]}", '{cel: "rank < 3"}', "post: [anchor]", "rank: .*no rank"),
        ("version: 1", "version: one", "version: 1", "issue.version: Input should be a valid integer"),
        ("2024-01-01}", "2024-01-01, effective_until: 2023-01-01}", "version: 1", "effective_until lies before"),
        ("kind: Appraisal", "kind: Apraisal", "kind: Appraisal", "kind: ApraisalStandard is none of"),
        ("excellent: A", "excellent: A\nexcellent: B", "components:", "excellent stands twice"),
        ("clause: S-39", "clause: [S-39", "plus_cap", "this is no YAML"),
        ("clause: S-39", "clause: S-39\x07", "clause: S-39", "cannot be printed"),
        ("clause: S-39", "clause: &a S-39\nplus: *a", "clause: S-39", "no & and"),
    ],
)
def test_a_standard_is_refused_where_it_is_wrong(old: str, new: str, at: str, said: str) -> None:
    found = refused(performance, ANCHOR, old, new)
    assert [one for one in found if re.search(rf"^anchor\.yaml:{line(ANCHOR, at)}: .*{said}", one)], found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: \x0b", "policy:1: this is no YAML"),
        ("kind: a\n? [b]\n: c", "policy:2: a name is one word"),
        ("kind: a\n? {b: c}\n: d", "policy:2: a name is one word"),
        ("kind: [BonusScheme]", "policy:1: kind: .* is none of"),
        ("kind: {BonusScheme: 1}", "policy:1: kind: .* is none of"),
        ("[]", "policy:1: a policy is a mapping"),
    ],
)
def test_whatever_it_is_that_is_no_policy_it_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(PolicyError, match=f"^{said}"):
        load_document(performance.format, text)


BONUS = DEMO / "performance/bonus.yaml"


@pytest.mark.clause("O-109")
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("gives: 120000", "gives: 50000", "a higher score would earn less: 50000 after 60000"),
        ("below: 75, gives: 60000", "below: 74, gives: 60000", "a gap between 74 and 75"),
    ],
)
def test_a_higher_score_never_earns_less(old: str, new: str, said: str) -> None:
    (found,) = refused(performance, BONUS, old, new)
    assert found.startswith(f"bonus.yaml:{line(BONUS, 'at_least: 75')}: bands.2")
    assert said in found


@pytest.mark.clause("R4")
@pytest.mark.parametrize(
    ("service", "file", "old", "new"),
    [
        (performance, ANCHOR, "excellent: A", "forced_distribution: {A: 10, D: 10}\nexcellent: A"),
        (supervision, CONSEQUENCES, "clause: T-66}", "clause: T-66, rank: 10}"),
        (supervision, CATALOGUE, "clause: A-61}", "clause: A-61, bottom_percent: 5}"),
        (supervision, POOR, "decline_pct: 40", "percentile: 40"),
    ],
)
def test_nothing_that_may_burden_a_person_depends_on_rank(service: Service, file: Path, old: str, new: str) -> None:
    (found,) = refused(service, file, old, new)
    assert found.startswith(f"{file.name}:{line(file, old)}: ")
    assert "depends on no rank or percentile, and on no grade given by forced distribution (R4)" in found


@pytest.mark.clause("R3")
def test_a_rule_imposes_criticism_and_nothing_else() -> None:
    (found,) = refused(
        supervision, CONSEQUENCES, "penalty: points_deduction,", "penalty: points_deduction, mode: impose,"
    )
    assert found.startswith(f"consequence_rules.yaml:{line(CONSEQUENCES, 'points_deduction')}: ")
    assert "a rule may impose criticism alone; points_deduction waits for a person" in found


@pytest.mark.clause("R3", "C-12")
def test_a_rule_proposes_no_fine_as_long_as_fines_are_off() -> None:
    (found,) = refused(supervision, CONSEQUENCES, "penalty: points_deduction", "penalty: fine")
    assert found.startswith(f"consequence_rules.yaml:{line(CONSEQUENCES, 'points_deduction')}: ")
    assert "fines are off" in found


def organisations(tmp_path: Path, name: str, text: str) -> Path:
    (tmp_path / name).write_text(text)
    return tmp_path


def clashes(service: Service, tmp_path: Path, name: str, text: str) -> list[str]:
    """What is said of a file of the organisation's beside what ships."""
    with pytest.raises(PolicyError) as error:
        service.load_policies(organisations(tmp_path, name, text))
    return [said.removeprefix(f"{tmp_path}/") for said in str(error.value).splitlines()]


FINED = """
kind: PenaltyCatalogue
issue: {policy: penalties_assistant_anchor, version: 2}
population: {category: [assistant_anchor]}
penalties:
  - {kind: points_deduction, violations: [poor_performance], clause: A-61}
  - kind: fine
    amount: 5000
"""


@pytest.mark.clause("R3", "P-13")
def test_a_fine_has_no_amount_as_long_as_fines_are_off(tmp_path: Path) -> None:
    (found,) = clashes(supervision, tmp_path, "fined.yaml", FINED)
    assert found.startswith("fined.yaml:8: penalties.1.amount: fines are off")
    on = CONSEQUENCES.read_text().replace("version: 1", "version: 2").replace("fines:  #", "fines: {source: a law}  #")
    supervision.load_policies(organisations(tmp_path, "rules.yaml", on))


CONSEQUENT = """
kind: ConsequenceRules
issue: {policy: consequences_of_commerce, version: 1}
population: {category: [e_commerce]}
consequences:
  - {violation: unexcused_training_absence, penalty: criticism, clause: T-66}
"""


@pytest.mark.clause("C-11")
def test_a_rule_proposes_no_penalty_outside_the_catalogue_of_its_population(tmp_path: Path) -> None:
    (found,) = clashes(supervision, tmp_path, "commerce.yaml", CONSEQUENT)
    assert found.startswith("commerce.yaml:6: consequences.0.penalty: the catalogue of e_commerce does not know critic")
    nobody = CONSEQUENT.replace("population: {category: [e_commerce]}\n", "").replace("criticism", "demotion")
    supervision.load_policies(organisations(tmp_path, "commerce.yaml", nobody))  # the live team's catalogue knows it
    nobody = nobody.replace("penalty: demotion", "penalty: warning")
    (found,) = clashes(supervision, tmp_path, "commerce.yaml", nobody)
    assert "no catalogue knows warning for unexcused_training_absence (C-11)" in found


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ("{metric: content_reads}", "{metric: charm}", "{metric: content_reads}", "no catalogue knows a metric charm"),
        ("100000, unit: count", "100000, unit: fen", "100000, unit: count", "measured in count, not in fen"),
    ],
)
def test_what_a_standard_measures_is_known_in_its_unit(tmp_path: Path, old: str, new: str, at: str, said: str) -> None:
    file = DEMO / "performance/operations_specialist.yaml"
    (found,) = clashes(performance, tmp_path, "own.yaml", file.read_text().replace(old, new))
    assert found.startswith(f"own.yaml:{line(file, at)}: components.result.parts.content_reads.")
    assert said in found


def test_what_else_an_organisation_measures_it_names_in_a_catalogue_of_its_own(tmp_path: Path) -> None:
    file = DEMO / "performance/operations_specialist.yaml"
    organisations(tmp_path, "own.yaml", file.read_text().replace("{metric: content_reads}", "{metric: charm}"))
    own = "{name: charm, zh: 魅力, en: Charm, unit: count, better: higher, clause: S-38}"
    catalogue = f"kind: MetricCatalogue\nissue: {{policy: own, version: 1}}\nmetrics:\n  - {own}\n"
    performance.load_policies(organisations(tmp_path, "metrics.yaml", catalogue))


def test_every_file_that_is_wrong_is_told_at_once_and_a_version_stands_in_one_file(tmp_path: Path) -> None:
    organisations(tmp_path, "a.yaml", ANCHOR.read_text())
    organisations(tmp_path, "b.yaml", ANCHOR.read_text())
    organisations(tmp_path, "c.yaml", ANCHOR.read_text().replace("weight: 30", "weight: 31"))
    first, second = clashes(performance, tmp_path, "d.yaml", "- a list")[:2]
    assert first.startswith("c.yaml:")
    assert second == "d.yaml:1: a policy is a mapping that begins with `kind:`"
    with pytest.raises(PolicyError, match=r"b\.yaml:\d+: issue: .*a\.yaml says appraisal_standard\.anchor:1 already"):
        performance.load_policies(tmp_path)


@pytest.mark.parametrize("name", SERVICES)
def test_what_ships_and_what_the_demo_says_is_taken(name: str) -> None:
    assert SERVICES[name].load_policies(DEMO / name).documents
