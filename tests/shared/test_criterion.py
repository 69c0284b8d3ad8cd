"""What an organisation may write itself, what it is refused for, and how it explains what came of it."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any

import pytest

from shared.criterion import check, holds, names, over
from shared.event import Citation, Meta, Recorded
from shared.explanation import (
    MET,
    NOT_MET,
    Condition,
    Criterion,
    Fact,
    Kind,
    Node,
    Nothing,
    Occurrence,
    Sum,
    Word,
    dump,
    evaluate,
    load,
    render,
    rules,
    verify,
    word,
)
from shared.policy import Issue, load_policy
from shared.value import value


class Grade(StrEnum):
    HIGH = "A"
    LOW = "B"


@value
class Inputs:
    points: Decimal
    times: int | None = None
    grade: Grade | None = None
    place: str = ""


@pytest.mark.parametrize(
    ("expression", "inputs", "meets"),
    [
        ("points >= 90", {"points": Fraction(90)}, True),
        ("points >= 90", {"points": Fraction("89.99")}, False),
        ("points > 89.99", {"points": Fraction("89.99")}, False),
        ("points >= 90 && times > 2", {"points": Fraction(95), "times": Fraction(2)}, False),
        ("points >= 90 || times > 2", {"points": Fraction(5), "times": Fraction(3)}, True),
        ("!(times > 2) && place in ['north', \"south\"]", {"times": Fraction(2), "place": "south"}, True),
        ("place != 'north'", {"place": "south"}, True),
        ("times > -1", {"times": Fraction(0)}, True),
    ],
)
def test_a_criterion_is_met_or_not(expression: str, inputs: dict[str, Fraction | str], meets: bool) -> None:
    check(expression, Inputs)
    assert holds(expression, inputs) is meets


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("points >= 'A'", r"points is a number and 'A' a word \(A\): >= does not compare them"),
        ("grade > 'A'", "words are the same or not"),
        ("grade == 'S'", r"grade is a word \(A, B\), and never S"),
        ("grade in ['A', 'S']", "never S"),
        ("grade in place", "after `in` stands a list"),
        ("place in []", "after `in` stands a list"),
        ("!(times > 2) == true", "there is no input true"),
        ("charm > 3", "there is no input charm, only grade, place, points, times"),
        ("points", "a criterion is yes or no; this is a number"),
        ("!points", "points is a number, not yes or no"),
        ("points && times > 1", "points is a number, not yes or no"),
        ("points + 1 > 2", "does not know what begins at '"),
        ("size(place) > 2", "compares and nothing else"),
        ("points >", "this is no expression"),
        ("points > 1 and times > 1", "this is no expression"),
        ("1 < points < 3", "compares and nothing else"),
        ("points > 1 ? true : false", "does not know what begins at"),
        ("points > 1u", "this is no criterion"),
        ("place == 'it\\'s'", "does not know what begins at"),
        ("points > 1" + " && points > 1" * 100, "at most 1000 characters"),
        ("(" * 300 + "points > 1" + ")" * 300, "no criterion|no expression"),
        ("lambda == 1", "this is no criterion"),
    ],
)
def test_a_criterion_that_has_no_meaning_is_refused(expression: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check(expression, Inputs)


def test_inputs_are_numbers_and_words_alone() -> None:
    @value
    class Odd:
        flags: dict[str, int]

    with pytest.raises(TypeError, match="flags is neither a number nor a word"):
        check("flags > 1", Odd)


def test_it_names_what_it_asks_for() -> None:
    assert names("points > 1 && !(times == 2 || points < 0)") == {"points", "times"}


@value
class Honour:
    issue: Issue
    clause: str
    needs: Annotated[Condition, over(Inputs)]


TEXT = """
kind: Honour
issue: {policy: honours, version: 2}
clause: X-1
needs: {cel: "points >= 90 && grade == 'A' && times > 1"}
"""


def tree(points: Node) -> Criterion:
    policy = load_policy(Honour, TEXT)
    times = Sum(name="times", of=tuple(Occurrence(name="Seen", event=Citation(e)) for e in ("e2", "e3")))
    grade = Word(name="grade", event=Citation("e1", "s/1"), word="A")
    return Criterion(name="honour", asks=policy.needs, of=(points, grade, times))


POINTS = Fact(name="points", event=Citation("e1", "s/1"), amount=Decimal("90.00"))


def test_what_came_of_it_explains_itself() -> None:
    met = tree(POINTS)
    assert evaluate(met) == MET
    assert evaluate(tree(Fact(name="points", event=Citation("e1"), amount=Decimal("89.99")))) == NOT_MET
    text = render(met)
    assert "honour = met (criterion)" in text
    assert "needs = points >= 90 && grade == 'A' && times > 1 (rule honours v2 X-1)" in text
    assert "grade = A (fact e1, s/1)" in text


def test_where_an_input_is_missing_nothing_is_known() -> None:
    nothing = Nothing(name="points", kind=Kind.MISSING, reason="not yet")
    assert evaluate(tree(nothing)) == nothing


@value
class Graded:
    points: Decimal
    grade: Grade


def recorded(id_: str, grade: Grade) -> Recorded[Graded]:
    moment = datetime(2024, 5, 1, tzinfo=UTC)
    meta = Meta(
        id=id_, service="s", stream="s/1", version=1, position=1, occurred_at=moment, recorded_at=moment, actor="a"
    )
    return Recorded(event=Graded(points=Decimal(90), grade=grade), meta=meta)


def test_its_document_is_read_again_and_verified() -> None:
    document = dump(tree(POINTS))
    assert load(document) == tree(POINTS)
    said = {"e1": recorded("e1", Grade.HIGH), "e2": recorded("e2", Grade.HIGH), "e3": recorded("e3", Grade.HIGH)}

    def stated(policy: str, version: int) -> Any:
        return rules(load_policy(Honour, TEXT))

    assert verify(document, said.get, stated) == []
    said["e1"] = recorded("e1", Grade.LOW)
    assert verify(document, said.get, stated) == ["e1.grade is not A"]
    document["tree"]["asks"]["expression"] = "points >= 1"
    assert "honours v2 does not state needs = points >= 1" in verify(document, said.get, stated)


def test_a_word_is_read_from_its_event() -> None:
    leaf = word(recorded("e1", Grade.LOW), "grade")
    assert leaf == Word(name="grade", event=Citation("e1"), word="B")
    assert leaf.event.said == ("e1", "s/1", datetime(2024, 5, 1, tzinfo=UTC))
    assert evaluate(leaf) == "B"


def test_a_policy_whose_criterion_does_not_type_check_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no input charm"):
        load_policy(Honour, TEXT.replace("times > 1", "charm > 1"))
