"""The alert rules: read, parsed, and held against what a running process tells."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.environment import ROOT
from tests.http.serving import SERVICES, in_memory, served

RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/alerts/kaibo.yaml").read_text())["groups"]
    for rule in group["rules"]
]
TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>"[^"]*")|(?P<range>\[\d+[smhd]\])|(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
        |(?P<sign>=~|!~|==|!=|>=|<=|[-+*/<>=(){},]))""",
    re.VERBOSE,
)
AGGREGATES, FUNCTIONS = {"sum", "min", "max", "avg", "count"}, {"rate", "increase", "changes", "time"}
OPERATORS = {"==", "!=", ">", "<", ">=", "<=", "+", "-", "*", "/", "and", "or", "unless"}
OF_PROMETHEUS = {"up"}


class Expression:
    """PromQL, as far as these rules use it. Raises ValueError where it is none."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = TOKEN.match(text, at)
            if found is None:
                raise ValueError(f"at {text[at:]!r}")
            self.tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            at = found.end()
        self.metrics: set[str] = set()
        self.chain()
        if self.tokens:
            raise ValueError(f"{self.tokens[0][1]!r} is one too many")

    def take(self, *wanted: str) -> str:
        kind, text = self.tokens.pop(0) if self.tokens else ("end", "the end")
        if wanted and text not in wanted and kind not in wanted:
            raise ValueError(f"{text!r} instead of {' or '.join(wanted)}")
        return text

    def next(self) -> str:
        return self.tokens[0][1] if self.tokens else ""

    def chain(self) -> None:
        self.term()
        while self.next() in OPERATORS:
            self.take()
            self.term()

    def term(self) -> None:
        kind, text = self.tokens[0] if self.tokens else ("end", "")
        if text == "(":
            self.take()
            self.chain()
            self.take(")")
        elif kind == "number":
            self.take()
        elif text in AGGREGATES:
            self.take()
            if self.next() == "by":
                self.take()
                self.take("(")
                self.take("name")
                while self.take(",", ")") == ",":
                    self.take("name")
            self.take("(")
            self.chain()
            self.take(")")
        elif text in FUNCTIONS:
            self.take()
            self.take("(")
            self.selector()
            self.take("range")
            self.take(")")
        else:
            self.selector()

    def selector(self) -> None:
        self.metrics.add(self.take("name"))
        if self.next() == "{":
            self.take()
            while True:
                self.take("name")
                self.take("=", "!=", "=~", "!~")
                self.take("text")
                if self.take(",", "}") == "}":
                    break


def named(rule: dict[str, Any]) -> str:
    return str(rule["alert"])


@pytest.mark.parametrize(
    "wrong", ["", "up == ", "max by (a (up)", "rate(up)", "up{job=kaibo}", "up up", "sum(up", "1 >"]
)
def test_what_is_no_expression_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"instead|at|many"):
        Expression(wrong)


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_a_rule_is_whole_and_its_runbook_is_there(rule: dict[str, Any]) -> None:
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Kaibo[A-Za-z]+", rule["alert"])
    assert re.fullmatch(r"\d+[smh]", rule["for"])
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert Expression(rule["expr"]).metrics
    runbook = Path(ROOT / rule["annotations"]["runbook"])
    text = runbook.read_text()
    assert rule["alert"] in text, runbook
    for heading in ("## What one sees", "## What to do"):
        assert heading in text, (runbook, heading)


def test_each_runbook_belongs_to_a_rule() -> None:
    used = {rule["annotations"]["runbook"] for rule in RULES}
    assert {f"docs/runbooks/{path.name}" for path in (ROOT / "docs/runbooks").glob("*.md")} == used
    assert len({named(rule) for rule in RULES}) == len(RULES)


async def test_every_metric_of_a_rule_is_told_by_a_running_process() -> None:
    async with served(await in_memory(SERVICES["training"])) as there:
        text = (await there.http.get("/metrics")).text
    told = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
    told |= {f"{name}{suffix}" for name in told for suffix in ("_total", "_count", "_sum", "_bucket")}
    for rule in RULES:
        assert Expression(rule["expr"]).metrics - OF_PROMETHEUS <= told, rule["alert"]
