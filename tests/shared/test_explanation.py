"""The operations with the worked numbers of ruling R5, and what becomes of a tree that is stored, shown, checked."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest

from shared.event import Citation, Meta, Recorded
from shared.explanation import (
    CHINESE,
    ENGLISH,
    MET,
    NOT_MET,
    AtMost,
    Band,
    Bands,
    Clamp,
    Condition,
    Deduction,
    Difference,
    Fact,
    Kind,
    Least,
    Mean,
    Node,
    Nothing,
    Occurrence,
    Part,
    Product,
    Ratio,
    Round,
    Rule,
    Stamp,
    Sum,
    ToTarget,
    Value,
    Weighted,
    compare,
    complete,
    disclosed,
    dump,
    evaluate,
    fact,
    find,
    flaw,
    load,
    nowhere,
    occurrence,
    read,
    render,
    rules,
    verify,
    walk,
)
from shared.value import value


def f(amount: float | str, event: str = "e1") -> Fact:
    return Fact(name="amount", event=Citation(event), amount=Decimal(str(amount)))


def rule(amount: float | str, name: str = "rule") -> Rule:
    return Rule(name=name, stamp=Stamp("standard", 3, "X-1"), amount=Decimal(str(amount)))


def nothing(kind: Kind) -> Nothing:
    return Nothing(name="nothing", kind=kind, reason="said so")


def weighted(*parts: tuple[float, Node], heir: str = "", least: Rule | None = None) -> Weighted:
    return Weighted(name="weighted", of=tuple(Part(weight=rule(w), of=n) for w, n in parts), heir=heir, least=least)


def rounded(node: Node) -> Value:
    """The rounded value, after the tree has shown that it survives storage as JSON and verifies."""
    node = Round(name="result", of=node)
    document = json.loads(json.dumps(dump(node)))
    assert load(document) == node
    assert verify(document) == []
    return evaluate(node)


def d(number: str) -> Fraction:
    return Fraction(number)


def test_a_ratio_is_one_of_sums() -> None:
    upper, lower = Sum(name="u", of=(f(10), f(100))), Sum(name="l", of=(f(100), f(10_000)))
    assert rounded(Ratio(name="rate", over=upper, under=lower, per=Decimal(100))) == d("1.09")


def test_nothing_to_divide_by_is_not_applicable() -> None:
    found = rounded(Ratio(name="rate", over=f(0), under=f(0)))
    assert isinstance(found, Nothing)
    assert found.kind is Kind.NOT_APPLICABLE


def test_attribution_by_share() -> None:
    def share(minutes: int) -> Node:
        whole = Sum(name="m", of=(f(180), f(60)))
        return Ratio(name="s", over=Product(name="p", of=(f(40_000), f(minutes))), under=whole)

    assert [rounded(share(minutes)) for minutes in (180, 60)] == [30_000, 10_000]


def total(third: Node) -> Weighted:
    inner = weighted((50, f(80)), (30, f(60)), (20, third))
    return weighted((60, inner), (20, f(90)), (20, f(70)))


def test_weight_moves_to_siblings() -> None:
    tree = total(nothing(Kind.NOT_APPLICABLE))
    inner = tree.of[0].of
    assert isinstance(inner, Weighted)
    assert inner.weights == [d("62.5"), d("37.5"), 0]
    assert rounded(inner) == d("72.5")
    assert rounded(tree) == d("75.5")
    assert rounded(total(f(0))) == d("66.80")


def test_weight_moves_to_an_heir_or_up() -> None:
    na = nothing(Kind.NOT_APPLICABLE)
    a, b = Mean(name="a", of=(f(80),)), Mean(name="b", of=(f(60),))
    assert rounded(weighted((50, a), (30, b), (20, na), heir="b")) == 70
    assert rounded(weighted((60, weighted((50, na), (50, na))), (40, f(90)))) == 90


def test_an_heir_that_is_itself_not_applicable_inherits_nothing() -> None:
    na = nothing(Kind.NOT_APPLICABLE)
    assert rounded(weighted((50, f(80)), (30, f(60)), (20, na), heir="nothing")) == d("72.5")


@pytest.mark.parametrize(("least", "rated"), [(88, True), (89, False)])
def test_too_little_applies(least: int, rated: bool) -> None:
    inner = weighted((50, f(80)), (30, f(60)), (20, nothing(Kind.NOT_APPLICABLE)))
    v = evaluate(weighted((60, inner), (20, f(90)), (20, f(70)), least=rule(least)))
    assert (v == d("75.5")) if rated else (isinstance(v, Nothing) and v.kind is Kind.NOT_RATED)


def test_missing_outweighs_the_other_nothings() -> None:
    v = rounded(weighted((50, nothing(Kind.NOT_APPLICABLE)), (50, nothing(Kind.MISSING))))
    assert isinstance(v, Nothing)
    assert v.kind is Kind.MISSING
    for of in permutations([nothing(kind) for kind in Kind]):
        v = rounded(Sum(name="sum", of=of))
        assert isinstance(v, Nothing)
        assert v.kind is Kind.MISSING


@pytest.mark.parametrize(
    ("actual", "target", "cap", "lower", "score"),
    [
        (50, 200, None, False, "25"),
        (300, 200, None, False, "100"),
        (300, 200, 120, False, "120"),
        (8, 4, None, True, "50"),
        (0, 4, None, True, "100"),
        (0, 4, 120, True, "120"),
        (0, 4, None, False, "0"),
    ],
)
def test_ratio_to_target(actual: int, target: int, cap: int | None, lower: bool, score: str) -> None:
    limit = rule(cap) if cap else None
    node = ToTarget(name="t", actual=f(actual), target=rule(target), cap=limit, lower_is_better=lower)
    assert rounded(node) == d(score)


def test_deduction_points_and_the_lowest() -> None:
    def late(n: int) -> Node:
        times = Sum(name="times", of=tuple(Occurrence(name="Late", event=Citation(f"e{i}")) for i in range(n)))
        return Deduction(name="d", full=rule(100), off=(Product(name="off", of=(rule(30), times)),))

    assert [rounded(late(n)) for n in (0, 2, 4)] == [100, 40, 0]
    late_and_away = Deduction(name="d", full=rule(20), off=(f(6), f(10)))  # one floor for both
    assert rounded(late_and_away) == 4
    assert rounded(Ratio(name="points", over=f(8), under=rule(10), per=Decimal(100))) == 80
    assert rounded(Least(name="both", of=(f(8), f(6), f(8)))) == 6
    assert (
        rounded(
            Sum(
                name="times",
                of=(Occurrence(name="A", event=Citation("e1")), Occurrence(name="A", event=Citation("e2"))),
            )
        )
        == 2
    )


GRADES = (
    Band(below=rule(60), gives="C"),
    Band(at_least=rule(60), up_to=rule(90), gives="B"),
    Band(above=rule(90), gives="A"),
)


@pytest.mark.parametrize(("points", "grade"), [("59.99", "C"), ("60", "B"), ("90", "B"), ("90.01", "A")])
def test_an_edge_has_one_owner(points: str, grade: str) -> None:
    tree = Bands(name="grade", of=f(points), bands=GRADES)
    assert evaluate(load(dump(tree))) == grade
    assert verify(dump(tree)) == []


def test_gaps_and_overlaps_are_seen() -> None:
    assert complete(GRADES)
    assert not complete((Band(below=rule(60), gives="C"), Band(above=rule(60), gives="A")))  # nobody owns 60
    assert not complete((Band(up_to=rule(60), gives="C"), Band(at_least=rule(60), gives="A")))  # two own it
    assert not complete((Band(below=rule(60), gives="C"), Band(at_least=rule(70), gives="A")))
    assert not complete((Band(at_least=rule(0), below=rule(60), gives="C"), Band(at_least=rule(60), gives="A")))
    assert not complete(GRADES[:2])
    assert not complete((Band(gives="C"), Band(at_least=rule(60), gives="A")))  # no upper edge where the next begins
    assert not complete((Band(below=rule(60), gives="C"), Band(gives="A")))
    assert not complete(())


@pytest.mark.parametrize(
    ("bands", "which", "why"),
    [
        ((Band(at_least=rule(0), gives="A"),), 0, "no lower edge"),
        ((*GRADES[:2], Band(above=rule(95), gives="A")), 2, "a gap between 90 and 95"),
        ((*GRADES[:2], Band(above=rule(80), gives="A")), 2, "an overlap between 90 and 80"),
        (GRADES[:2], 1, "no upper edge"),
    ],
)
def test_the_band_that_is_wrong_is_named(bands: tuple[Band, ...], which: int, why: str) -> None:
    found = flaw(bands)
    assert found is not None
    assert found[0] == which
    assert why in found[1]


@pytest.mark.parametrize(("points", "clamped"), [("-3", "10"), ("9.5", "10"), ("15", "15"), ("20.5", "20")])
def test_a_clamp_has_two_ends(points: str, clamped: str) -> None:
    assert rounded(Clamp(name="c", of=f(points), low=Decimal(10), high=Decimal(20))) == d(clamped)


def adjusted(raw: Node, *plus: Node) -> Node:
    capped = AtMost(name="plus", of=Sum(name="proposed", of=plus), cap=rule(5))
    whole = Difference(name="adjusted", of=Sum(name="raised", of=(raw, capped)), less=f(0))
    return Round(name="result", of=Clamp(name="clamped", of=whole, low=Decimal(0), high=Decimal(100)))


def test_the_order_of_operations() -> None:
    tree = adjusted(f("97.50"), f(3), f(3))
    at = {name: evaluate(find(tree, name)) for name in ("proposed", "plus", "adjusted", "result")}
    assert at == {"proposed": 6, "plus": 5, "adjusted": d("102.5"), "result": 100}
    clamped, raw = evaluate(find(tree, "clamped")), d("97.5")
    assert isinstance(clamped, Fraction)
    assert clamped - raw == d("2.5")  # effective


def test_rounding_comes_before_the_grade() -> None:
    bands = (Band(below=rule(90), gives="B"), Band(at_least=rule(90), gives="A"))
    tree = Bands(name="grade", of=adjusted(f("89.996")), bands=bands)
    assert evaluate(find(tree, "result")) == 90
    assert evaluate(tree) == "A"
    assert verify(dump(tree)) == []


def test_the_whole_is_made_of_adjusted_parts() -> None:
    assert rounded(Mean(name="q", of=(adjusted(f(80)), adjusted(f(80), f(5)), adjusted(f(80))))) == d("81.67")


def test_a_node_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    visits: list[str] = []
    compute = Sum.compute

    def counted(self: Sum) -> Any:
        visits.append(self.name)
        return compute(self)

    monkeypatch.setattr(Sum, "compute", counted)
    once = Sum(name="once", of=(f(1),))
    tree = Round(name="result", of=Sum(name="twice", of=(once, once)))
    for use in (evaluate, dump, render):
        use(tree)
    assert visits == ["once", "twice"]


KINDS = {kind.__name__ for kind in (*Node.__args__, Part, Band)}
OF_A_CRITERION = ("Criterion", "Condition", "Word")  # stored and shown in test_criterion: it is yes or no, no number


def test_every_operation_is_shown_in_two_languages_and_survives_storage() -> None:
    named = KINDS - {"Part", "Band", "Nothing"}
    for words in (ENGLISH, CHINESE):
        assert named | set(Kind) | {MET, NOT_MET, "weight", "closed"} == set(words)
    occurrences = (Occurrence(name="Late", event=Citation("e9")),)
    by_a_peer = Fact(name="x", event=Citation("e3", "mark/7"), amount=Decimal("4.5"), by="peer")
    tree: Node = Round(
        name="r",
        places=1,
        of=Clamp(
            name="c",
            low=Decimal(0),
            high=Decimal("99.5"),
            of=AtMost(
                name="m",
                cap=rule("0.50"),
                of=Least(
                    name="l",
                    of=(
                        Deduction(name="d", full=rule(5), off=occurrences),
                        Difference(name="x", of=Product(name="p", of=(f(2, "e2"), f(3))), less=Sum(name="s", of=())),
                        Mean(name="a", of=(by_a_peer,)),
                        ToTarget(name="t", actual=f(1), target=rule(2), cap=rule(3), lower_is_better=True),
                        weighted((1, Bands(name="b", of=f(1), bands=(Band(gives=rule(7)),))), heir="b", least=rule(1)),
                        Ratio(name="q", over=f(1), under=f(3), per=Decimal(100)),
                    ),
                ),
            ),
        ),
    )
    document = json.loads(json.dumps(dump(tree)))
    assert {type(n).__name__ for n in walk(tree)} == KINDS - {"Nothing", *OF_A_CRITERION}
    assert load(document) == tree
    assert dump(load(document)) == document


def test_stamps_and_events_stand_once_and_values_are_exact() -> None:
    document = dump(total(f(0)))
    assert (document["stamps"], document["events"]) == ([["standard", 3, "X-1"]], [["e1", "", None]])
    assert json.dumps(document).count('"standard"') == json.dumps(document).count('"e1"') == 1
    assert document["tree"]["value"] == "66.8"
    assert dump(Ratio(name="third", over=f(1), under=f(3)))["tree"]["value"] == "1/3"


def test_verify_finds_a_changed_number() -> None:
    document = dump(total(f(0)))
    changed = document | {"tree": document["tree"] | {"value": "99"}}
    assert verify(changed) == ["a value does not follow from the leaves"]


@value
class Paid:
    amount: Decimal


def recorded(id_: str, amount: int, stream: str = "till/1") -> Recorded[Paid]:
    meta = Meta(
        id=id_,
        service="shop",
        stream=stream,
        version=1,
        position=1,
        occurred_at=datetime(2024, 5, 6, 4, 30, tzinfo=UTC),
        recorded_at=datetime(2024, 5, 6, 4, 31, tzinfo=UTC),
        actor="li",
    )
    return Recorded(event=Paid(amount=Decimal(amount)), meta=meta)


def test_verify_finds_a_leaf_that_the_log_does_not_bear_out() -> None:
    log = {id_: recorded(id_, amount) for id_, amount in (("e1", 80), ("e2", 61), ("e3", 1))}
    sound = Sum(name="s", of=(fact(log["e1"], "amount"), occurrence(log["e3"]), f(80)))
    assert verify(dump(sound), log=log.get) == []
    tree = Sum(name="s", of=(f(80), f(60, "e2"), f(1, "gone"), Occurrence(name="Late", event=Citation("e3"))))
    assert verify(dump(tree), log=log.get) == ["e2.amount is not 60", "gone was not recorded"]
    lost = Sum(name="s", of=(Occurrence(name="Late", event=Citation("gone")),))
    assert verify(dump(lost), log=log.get) == ["gone was not recorded"]
    declared = Nothing(name="n", kind=Kind.NOT_APPLICABLE, reason="no survey", event=Citation("gone"))
    assert verify(dump(Sum(name="s", of=(declared,))), log=log.get) == ["gone was not recorded"]
    for wrong in (Citation("e1", "till/2"), Citation("e1", at=datetime(2024, 5, 7, 4, 30, tzinfo=UTC))):
        moved_leaf = Fact(name="amount", event=wrong, amount=80)
        told = "e1 stands on till/1 and occurred at 2024-05-06 12:30"
        assert verify(dump(Sum(name="s", of=(moved_leaf,))), log=log.get) == [told]


def test_a_fact_says_when_it_occurred_and_in_which_unit() -> None:
    leaf = fact(recorded("e1", 80), "amount", by="cashier", unit="fen")
    assert render(leaf) == "amount = 80 (fact e1, till/1, 2024-05-06 12:30, cashier, fen)"
    assert load(dump(leaf)) == leaf


@value
class Standard:
    weights: tuple[Rule, ...]
    bands: tuple[Band, ...] = ()
    limit: Rule | None = None


def test_verify_finds_a_number_that_the_policy_does_not_state() -> None:
    standard = Standard(weights=(rule(60, "a"), rule(40, "b")), bands=GRADES, limit=rule(5, "limit"))
    assert set(rules(standard)) == {"a", "b", "rule", "limit"}

    def stated(policy: str, version: int) -> Mapping[str, Rule | Condition]:
        return rules(standard) if (policy, version) == ("standard", 3) else {}

    sound = Sum(name="s", of=(rule(60, "a"), rule(5, "limit")))
    assert verify(dump(sound), stated=stated) == []
    wrong = Sum(name="s", of=(rule(61, "a"), rule(1, "c")))
    assert verify(dump(wrong), stated=stated) == [
        "standard v3 does not state a = 61",
        "standard v3 does not state c = 1",
    ]
    other = rule(60, "a")
    clause = Rule(name="a", stamp=Stamp("standard", 3, "X-2"), amount=other.amount)
    assert verify(dump(clause), stated=stated) == ["standard v3 does not state a = 60"]


EMPTY: dict[str, Any] = {"operations": 1, "stamps": [], "events": []}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"operations": 99, "stamps": [], "tree": {}},
        {"operations": 1, "tree": {"op": "Sum", "name": "x", "of": []}},
        EMPTY | {"tree": {"op": "Guess", "name": "x"}},
        EMPTY | {"tree": {"op": "Sum", "name": "x"}},
        EMPTY | {"tree": {"op": "Rule", "name": "x", "stamp": 3, "amount": "1"}},
        EMPTY | {"tree": {"op": "Fact", "name": "x", "event": 0, "amount": "1"}},
        EMPTY | {"events": [["e", ""]], "tree": {"op": "Fact", "name": "x", "event": 0, "amount": "many"}},
    ],
)
def test_what_is_no_explanation_is_said_to_be_none(document: Mapping[str, Any]) -> None:
    assert len(verify(document)) == 1
    with pytest.raises(ValueError, match=r"."):
        load(document)


def test_it_reads_in_two_languages() -> None:
    tree = total(nothing(Kind.NOT_APPLICABLE))
    english, chinese = render(tree), render(tree, CHINESE | {"weighted": "总分"})
    assert english.splitlines()[:3] == [
        "weighted = 75.5 (weighted mean)",
        "  [weight 60] weighted = 72.5 (weighted mean)",
        "    [weight 50 → 62.5] amount = 80 (fact e1)",
    ]
    assert chinese.splitlines()[0] == "总分 = 75.5 (加权平均)"
    assert "[权重 20 → 0] nothing = 不适用 (said so)" in chinese


def test_a_leaf_says_what_its_event_is_about() -> None:
    meta = Meta(
        id="e7",
        service="s",
        stream="mark/7",
        version=1,
        position=1,
        occurred_at=datetime(2024, 5, 1, tzinfo=UTC),
        recorded_at=datetime(2024, 5, 1, tzinfo=UTC),
        actor="x",
    )
    recorded = Recorded(event=Part(weight=rule(1), of=f("71")), meta=meta)
    tree = Sum(name="s", of=(fact(recorded, "of.amount", by="peer"), occurrence(recorded)))
    assert load(dump(tree)) == tree
    assert dump(tree)["events"] == [["e7", "mark/7", "2024-05-01T00:00:00Z"]]
    assert render(tree).splitlines()[1:] == [
        "  of.amount = 71 (fact e7, mark/7, 2024-05-01 08:00, peer)",
        "  Part = 1 (recorded e7, mark/7, 2024-05-01 08:00)",
    ]
    assert read(recorded.event, "weight.version") == 3
    assert read(recorded.event, "weight.clause") == "X-1"
    with pytest.raises(LookupError, match=r"no number at weight\.clause"):
        fact(recorded, "weight.clause")
    with pytest.raises(LookupError, match="neither number nor word at weight"):
        read(recorded.event, "weight")


def test_a_closed_node_tells_its_value_alone() -> None:
    secret = Mean(name="secret", of=(f(80, "e7"), f(60, "e8")))
    tree = weighted((50, secret), (50, f(90)))

    def closed(name: str) -> str:
        return "sealed" if name == "secret" else ""

    shown = render(tree, ENGLISH | {"sealed": "nobody's business"}, closed)
    document = disclosed(dump(tree), closed)
    assert "secret = 70 (nobody's business)" in shown
    assert document["tree"]["value"] == "80"
    for told in (shown, json.dumps(document)):
        assert "e7" not in told
        assert "e8" not in told
    assert document["events"] == [["e1", "", None]]
    told_of_it = {"op": "Mean", "name": "secret", "closed": True, "value": "70"}
    assert document["tree"]["of"][0]["of"] == told_of_it
    assert disclosed(dump(tree), nowhere) == dump(tree)
    (wrong,) = verify(document)
    assert wrong.startswith("this is no explanation, or not all of one")


def test_what_differs() -> None:
    assert compare(total(f(0)), total(f(0))) == []
    top = compare(total(f(0)), total(f(20)))[0]
    assert (top.path, top.old, top.new) == ("/weighted", ("66.8",), ("69.2",))


def test_what_one_side_alone_has_differs_from_nothing() -> None:
    one, two = Sum(name="s", of=(f(1),)), Sum(name="s", of=(f(1), Product(name="p", of=(f(2),))))
    assert [(c.old, c.new) for c in compare(one, two) if c.path.endswith("p")] == [((), ("2",))]
    assert [(c.old, c.new) for c in compare(two, one) if c.path.endswith("p")] == [(("2",), ())]


def test_another_version_of_a_policy_alone_is_no_difference() -> None:
    newer = Rule(name="rule", stamp=Stamp("standard", 4, "X-1"), amount=Decimal(5))
    assert compare(Sum(name="s", of=(rule(5),)), Sum(name="s", of=(newer,))) == []
