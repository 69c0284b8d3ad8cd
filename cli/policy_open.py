"""What the regulations leave open: twenty-four values, and what the loaded policies say of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.value import value


@value
class OpenValue:
    name: str
    clauses: str


CODES = {
    "P-01": OpenValue(name="weekly topics, at least 每周选题数", clauses="O-19"),
    "P-02": OpenValue(name="lead time of a notice 培训通知提前量", clauses="T-45"),
    "P-03": OpenValue(name="approver of archive access, validity 档案查阅审批", clauses="T-63"),
    "P-04": OpenValue(name="points for excellent training 培训优秀加分", clauses="T-65"),
    "P-05": OpenValue(name="the company's relevant provisions 公司相关规定", clauses="T-66, T-67"),
    "P-06": OpenValue(name="bands of the four grades 考核等级分数线", clauses="T-51"),
    "P-07": OpenValue(name="deadline of the make-up exam 补考期限", clauses="T-53"),
    "P-08": OpenValue(name="windows before and after training 培训前后对比区间", clauses="T-56, T-57"),
    "P-09": OpenValue(name="bonus amounts 绩效奖金金额", clauses="O-109, E-63"),
    "P-10": OpenValue(name="roll-up function and weights 汇总方法", clauses="O-98, E-61, E-62"),
    "P-11": OpenValue(name="weights and targets 权重与目标", clauses="O-89 to O-94, A-31, S-38, E-53 to E-56"),
    "P-12": OpenValue(name="several consecutive months 连续多个月", clauses="A-59"),
    "P-13": OpenValue(name="severity scale, fine 情节轻重与罚款金额", clauses="A-60"),
    "P-14": OpenValue(name="many complaints, evident decline, points 投诉较多与明显下滑", clauses="A-61"),
    "P-15": OpenValue(name="repeatedly, refuses to correct 多次与拒不改正", clauses="A-63"),
    "P-16": OpenValue(name="day of the weekly plan 周计划截止日", clauses="A-23"),
    "P-17": OpenValue(name="promptly after the stream, the score 及时总结与反馈", clauses="A-28, A-36, A-42, S-43"),
    "P-18": OpenValue(name="objection window 申诉期限", clauses="A-38, O-107"),
    "P-19": OpenValue(name="award amounts and thresholds 奖励金额", clauses="A-57, A-58, T-64, E-65, O-112"),
    "P-20": OpenValue(name="promptly 及时", clauses="T-27, O-34, O-45, O-81, E-27, E-31"),
    "P-21": OpenValue(name="regularly 定期", clauses="O-72, O-78, S-48, S-52, S-54, A-13, A-55 …"),
    "P-22": OpenValue(name="tiers of users, churn 用户分层与流失", clauses="O-56, O-62"),
    "P-23": OpenValue(name="raters and their weights 评价人数与权重", clauses="O-94, A-10, A-11"),
    "P-24": OpenValue(name="assessment of suppliers 供应商评估", clauses="T-08"),
}
UNASKED = "no rule asks for it yet"
ELSEWHERE = {"P-06": "set course by course with its assessment standard, in training"}


def states(
    loaded: Mapping[str, Mapping[str, Any]], register: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, str]:
    """By code: not configured, or each value with its policy, version, file and date. `loaded` by service; `register`:
    what people's register says of the organisation's own, by name:version; none: it was not asked."""
    asked = {code for of in loaded.values() for code in of["asked"]}
    found: dict[str, list[str]] = {}
    for service, of in loaded.items():
        for policy in newest(of["policies"]):
            for one in policy["open"]:
                if one["value"] is not None:
                    found.setdefault(one["code"], []).append(stated(service, policy, one, register))
    return {code: "\n".join(found.get(code, [unset(code, asked)])) for code in CODES}


def unset(code: str, asked: set[str]) -> str:
    return ELSEWHERE.get(code, "not configured" if code in asked else f"not configured; {UNASKED}")


def newest(policies: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The last version of each."""
    return list({policy["policy"]: policy for policy in sorted(policies, key=lambda p: int(p["version"]))}.values())


def stated(
    service: str,
    policy: Mapping[str, Any],
    one: Mapping[str, Any],
    register: Mapping[str, Mapping[str, Any]] | None,
) -> str:
    since = f", from {policy['effective_from']}" if policy["effective_from"] else ""
    whose = "ships" if policy["ships"] else "organisation"
    where = f"{policy['policy']} v{policy['version']}, {service}/{policy['file']}{since}; {whose}"
    if register is not None and not policy["ships"]:
        row = register.get(f"{policy['policy']}:{policy['version']}")
        where += f"; {row['stage'] if row else 'not'} in the register"
    return f"{one['place']} = {one['value']} ({where})"
