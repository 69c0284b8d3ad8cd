"""A policy in words that whoever answers for it reads: what, for whom, from when, and every value with its clause."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from datetime import date
from decimal import Context, Decimal
from typing import Any

import msgspec

from services.performance.bonuses.policies import BonusScheme
from shared.explanation import Band, Condition, Rule
from shared.policy import Document

KINDS = {
    "AppraisalStandard": "考核标准 appraisal standard",
    "AdjustmentPolicy": "加分扣分 plus and minus points",
    "BonusScheme": "绩效奖金 bonus scheme",
    "FeedbackPolicy": "绩效面谈 feedback on a review",
    "RollUpPolicy": "季度与年度汇总 how months become quarters and years",
    "PriorityRules": "优先考虑 priority for months in a row",
    "MetricCatalogue": "考核指标 metrics",
    "TrainingRules": "培训规则 rules of training",
    "ArchiveRules": "培训档案查阅 access to training archives",
    "AwardItems": "奖励项目 award items",
    "PenaltyCatalogue": "惩罚目录 penalties of a population",
    "ConsequenceRules": "违规后果 what follows from a violation",
    "FailedAssessment": "考核不合格 which fail counts",
    "PoorPerformance": "工作不力 when work is poor enough to look at",
    "ObservationRules": "监播 observation of streams",
    "StreamRules": "直播场次 live streams",
}
NAMES = {
    "clause": "条款 clause",
    "components": "组成 components",
    "parts": "其中 parts",
    "lowest_of": "取最低 the lowest of",
    "weight": "权重 weight",
    "measure": "指标 measures",
    "form": "计分 becomes points by",
    "target": "目标 target",
    "cap": "封顶 at most",
    "unit": "单位 unit",
    "grades": "等级 grades",
    "bands": "分档 bands",
    "excellent": "优秀 excellent is",
    "plus_cap": "加分上限 plus points at most",
    "minus_cap": "扣分上限 minus points at most",
    "min_applicable_weight": "最低适用权重 rated from this weight on",
    "absent": "无数据 without any fact",
    "points": "分 points",
    "amount": "金额 amount",
    "max_lag_days": "反馈期限(天) days until it is fed back",
    "before_completion": "完成前反馈 fed back before completion",
    "population": "适用范围 for",
    "penalties": "惩罚 penalties",
    "violations": "违规 for violations",
    "consequences": "后果 consequences",
    "fines": "罚款 fines",
    "items": "项目 items",
    "needs": "条件 needs",
    "rewards": "奖励 rewards",
    "metrics": "指标 metrics",
    "opportunities": "优先事项 priority in",
    "lasts_months": "有效期(月) months that it lasts",
}
PER_CENT = ("weight", "min_applicable_weight")
NOT_CONFIGURED = "未设定 not configured"
HIDDEN = ("issue",)


def words(document: Document) -> list[str]:
    """Lines, indented by depth."""
    issue = document.issue
    kind = type(document.body).__name__
    lines = [f"{KINDS.get(kind, kind)}: {issue.policy}, 版本 version {issue.version}", f"  {dates(document)}"]
    lines.append(f"  {NAMES['population']}: {population(document)}")
    return lines + [f"  {line}" for line in said(document.body)]


def dates(document: Document) -> str:
    issue = document.issue
    since = "from the beginning" if issue.effective_from == date.min else f"from {issue.effective_from}"
    return f"生效 in force: {since}" + (f" until {issue.effective_until}" if issue.effective_until else "")


def standing(row: Mapping[str, Any] | None, digest: str = "") -> str:
    """What the register of regulations says of a version; `digest` is of the text that is read here."""
    if row is None:
        return "未登记 not in it: no consultation, adoption or publication is recorded (A-66)"
    day = f", in force from {row['effective_on']}" if row["effective_on"] else ""
    other = "; it is another text than this" if digest and row["sha256"] != digest else ""
    return f"{row['stage']}{day}{other}"


def population(document: Document) -> str:
    if document.asks:
        return document.asks
    told = (f"{trait}: {', '.join(allowed)}" for trait, allowed in document.population.items())
    return "; ".join(told) or "全员 everybody"


class Yuan(Decimal):
    """An amount of fen, shown as people write money."""

    def __str__(self) -> str:
        return f"¥{Decimal(self) / 100:,.2f}"

    def __format__(self, spec: str, context: Context | None = None, /) -> str:
        return str(self)


def values(body: Any) -> Iterator[tuple[Field[Any], Any]]:
    """Every value of a body; amounts of money as such."""
    for f in fields(body):
        v = getattr(body, f.name)
        if f.name == "amount" and v is not None:
            yield f, in_yuan(v)
        elif isinstance(body, BonusScheme) and f.name == "bands":
            yield f, tuple(dataclasses.replace(one, gives=in_yuan(one.gives)) for one in v)
        else:
            yield f, v


def in_yuan(rule: Rule) -> Rule:
    return msgspec.structs.replace(rule, amount=Yuan(rule.amount))


def said(body: Any) -> Iterator[str]:
    for f, v in values(body):
        if f.name in HIDDEN or v in ("", ()) or (v is None and f.default is None and f.name not in OPEN):
            continue
        yield from entry(NAMES.get(f.name, f.name), f.name, v)


OPEN = frozenset(
    {
        "amount", "points", "max_lag_days", "plus_cap", "minus_cap", "min_applicable_weight", "complaints_min",
        "decline_pct", "min_lead_hours", "due_days", "max_cycles", "max_hours", "approver_capacity",
        "approval_valid_hours",
    }
)  # fmt: skip


def entry(name: str, field: str, v: Any) -> Iterator[str]:
    match v:
        case tuple() if v and isinstance(v[0], Band):
            yield f"{name}:"
            yield from (f"  {band(one)}" for one in v)
        case tuple() if v and is_dataclass(v[0]):
            yield f"{name}:"
            for one in v:
                yield f"  - {title(one)}"
                yield from (f"    {line}" for line in said(one) if not line.startswith(("name:", "title:")))
        case _ if plain(v) is None:
            yield f"{name}:"
            yield from (f"  {line}" for line in said(v))
        case _:
            yield f"{name}: {plain(v, ' %' if field in PER_CENT else '')}"


def title(one: Any) -> str:
    named = getattr(one, "name", None) or getattr(one, "kind", None) or getattr(one, "violation", "")
    more = getattr(one, "title", "")
    return f"{named} {more}".strip()


def plain(v: Any, unit: str = "") -> str | None:
    """One value in words; None where it has parts of its own."""
    match v:
        case None:
            return NOT_CONFIGURED
        case Rule():
            return f"{v.amount}{unit}" + (f" ({v.clause})" if v.clause else "")
        case Condition():
            return v.expression
        case bool():
            return "是 yes" if v else "否 no"
        case tuple():
            return ", ".join(str(one) for one in v)
        case _:
            return None if is_dataclass(v) else str(v)


def band(of: Band) -> str:
    edges = (("≥", of.at_least), (">", of.above), ("<", of.below), ("≤", of.up_to))
    held = " ".join(f"{sign} {rule.amount}" for sign, rule in edges if rule)
    gives = of.gives.amount if isinstance(of.gives, Rule) else of.gives
    return f"{held} → {gives}"


# Two of them


def differences(old: Document, new: Document) -> list[str]:
    """What changes, a line each."""
    lines = []
    if type(old.body) is not type(new.body):
        return [f"They are not alike: {type(old.body).__name__} and {type(new.body).__name__}."]
    if population(old) != population(new):
        lines.append(f"{NAMES['population']}: {population(old)} → {population(new)}")
    if dates(old) != dates(new):
        lines.append(f"{dates(old)} → {dates(new)}")
    a, b = flat(old.body), flat(new.body)
    for place in dict.fromkeys((*a, *b)):
        before, after = a.get(place), b.get(place)
        if before != after:
            lines.append(changed(place, before, after))
    return lines


def changed(place: str, before: Any, after: Any) -> str:
    field = place.rsplit(".", 1)[-1]
    unit = " %" if field in PER_CENT else ""
    name = NAMES.get(field, field)
    where = place.rpartition(".")[0] or "the policy"
    if before is None:
        return f"{where}: {name} is new: {after}{unit}"
    if after is None:
        return f"{where}: {name} falls away; it was {before}{unit}"
    if isinstance(before, Decimal) and isinstance(after, Decimal):
        verb = "rises" if after > before else "falls"
        return f"{where}: {name} {verb} from {before}{unit} to {after}{unit}"
    return f"{where}: {name} becomes {after}{unit}; it was {before}{unit}"


def flat(body: Any, place: str = "") -> dict[str, Any]:
    """Every value by its place; members of a list by their name, bands by their lower edge. Clauses of numbers, and
    which version states them, are no difference."""
    found: dict[str, Any] = {}
    for f, v in values(body):
        if f.name in HIDDEN or v is None or v == ():
            continue
        at = f"{place}.{f.name}".strip(".")
        found |= of_value(v, at)
    return found


def of_value(v: Any, at: str) -> dict[str, Any]:
    if isinstance(v, Rule):
        return {at: v.amount}
    if isinstance(v, tuple) and v and is_dataclass(v[0]):
        parts: Mapping[str, Any] = {}
        for i, one in enumerate(v):
            name = str(i + 1) if isinstance(one, Band) else title(one).split(" ")[0] or str(i + 1)
            parts = {**parts, **flat(one, f"{at}.{name}")}
        return dict(parts)
    return flat(v, at) if plain(v) is None else {at: plain(v)}
