"""An account as a text that the person himself and an HR officer read. What nobody named keeps its own name."""

from collections.abc import Iterator, Mapping

from services.answering import Language
from services.supervision.explanations.account import Account, Step
from shared.explanation import CHINESE, ENGLISH, Stamp, load, local, render

FIGURES = {
    "viewers": "观看人数",
    "interactions": "互动次数",
    "clicks": "商品点击人数",
    "buyers": "成交人数",
    "gmv": "成交金额（分）",
    "new_followers": "新增粉丝数",
    "ratings": "评价数",
    "satisfied": "满意评价数",
}
MONEY = ("amount",)  # in fen, shown as people write it
WORDS: Mapping[Language, Mapping[str, str]] = {
    Language.EN: ENGLISH
    | {
        "ViolationRecorded": "violation recorded",
        "ViolationCauseRecorded": "cause found",
        "ViolationWithdrawn": "violation withdrawn",
        "AttemptContested": "exam objected to",
        "PenaltyProposed": "penalty proposed",
        "PenaltyImposed": "penalty imposed",
        "PenaltyRejected": "proposal rejected",
        "PenaltyRevoked": "penalty revoked",
        "PenaltyWithdrawn": "proposal withdrawn",
        "PenaltyHeld": "penalty held",
        "PenaltyObjectionRaised": "objection raised",
        "PenaltyObjectionEscalated": "objection escalated",
        "PenaltyObjectionResolved": "objection resolved",
        "PenaltyObjectionWithdrawn": "objection withdrawn",
        "AwardProposed": "award proposed",
        "AwardCausesAdded": "causes added",
        "AwardCauseReversed": "cause fell away",
        "AwardWithdrawn": "proposal withdrawn",
        "AwardApproved": "award approved",
        "AwardRejected": "proposal rejected",
        "AwardGranted": "award granted",
        "AwardReviewOpened": "put under review",
        "AwardConfirmed": "confirmed after review",
        "AwardRevoked": "revoked after review",
        "from": "from",
        "note": "in words",
        "complaints_threshold": "complaints held against the threshold",
        "decline_threshold": "decline held against the threshold",
    },
    Language.ZH: CHINESE
    | {
        "ViolationRecorded": "记录违纪",
        "ViolationCauseRecorded": "查明原因",
        "ViolationWithdrawn": "撤销违纪记录",
        "AttemptContested": "对考核提出异议",
        "PenaltyProposed": "提议处罚",
        "PenaltyImposed": "作出处罚",
        "PenaltyRejected": "驳回提议",
        "PenaltyRevoked": "撤销处罚",
        "PenaltyWithdrawn": "撤回提议",
        "PenaltyHeld": "暂缓执行",
        "PenaltyObjectionRaised": "提出异议",
        "PenaltyObjectionEscalated": "异议逾期上报",
        "PenaltyObjectionResolved": "异议处理完毕",
        "PenaltyObjectionWithdrawn": "撤回异议",
        "AwardProposed": "提议奖励",
        "AwardCausesAdded": "补充事由",
        "AwardCauseReversed": "事由失效",
        "AwardWithdrawn": "撤回提议",
        "AwardApproved": "批准奖励",
        "AwardRejected": "驳回提议",
        "AwardGranted": "授予奖励",
        "AwardReviewOpened": "进入复核",
        "AwardConfirmed": "复核维持",
        "AwardRevoked": "复核撤销",
        "from": "起因",
        "note": "说明",
        "kind": "类别",
        "mode": "方式",
        "propose": "提议",
        "impose": "直接作出",
        "occasion": "事由编号",
        "occurred_on": "发生日期",
        "severity": "情节",
        "minor": "轻微",
        "moderate": "一般",
        "serious": "严重",
        "evidence": "依据",
        "correction": "更正后",
        "cause": "原因",
        "causes": "事由",
        "reason": "理由",
        "points": "扣分",
        "month": "月份",
        "amount": "金额",
        "amount_not_configured": "金额未设定",
        "objections_until": "异议截止",
        "open": "处理中",
        "held": "暂缓",
        "contested": "所依据的事实有异议",
        "raised_on": "提出日期",
        "answer_by": "答复期限",
        "outcome": "结论",
        "upheld": "成立",
        "partly_upheld": "部分成立",
        "item": "奖项",
        "period": "期间",
        "rewards": "奖励方式",
        "granted_on": "授予日期",
        "yes": "是",
        "pending": "待决定",
        "final": "生效",
        "rejected": "驳回",
        "reversed": "已撤销",
        "criticism": "批评教育",
        "warning": "警告",
        "points_deduction": "绩效扣分",
        "bonus_deduction": "扣减奖金",
        "fine": "罚款",
        "demotion": "降级",
        "dismissal": "辞退",
        "unexcused_training_absence": "无故不参加培训",
        "training_assessment_failed": "培训考核不合格",
        "poor_performance": "工作不力",
        "late": "迟到",
        "early_leave": "早退",
        "serious_stream_error": "直播中严重失误",
        "other": "其他",
        "certificate": "荣誉证书",
        "money": "奖金",
        "prize": "奖品",
        "commendation": "表彰",
        "promotion_opportunity": "晋升机会",
        "supervision_group": "监督管理小组",
        "live_ops_supervisor": "直播运营主管",
        "senior_anchor": "资深主播",
        "hr": "人力资源部",
        "company_leadership": "公司领导",
        "complaints": "观众投诉",
        "complaints_threshold": "投诉是否达到标准",
        "decline_threshold": "数据下滑是否达到标准",
        "reached": "达到",
        "below": "未达到",
        "decline": "数据下滑（%）",
        "lost": "减少",
        "score": "考核得分",
        "rated_months": "已考核月数",
        "excellent_months": "优秀月数",
        "excellent_exams": "优秀考核次数",
        "excellent_exam": "考核优秀",
        "training_participation": "积极参与培训",
        "training_effect": "培训效果优秀",
        "live_performance": "直播表现突出",
        "suggestion_adopted": "建议被采纳",
        "benefit_confirmed": "效益得到确认",
        "merit": "业绩突出",
        "persons": "人",
        "count": "次",
        "fen": "分（货币）",
    }
    | FIGURES
    | {f"{figure}_per_stream": f"场均{zh}" for figure, zh in FIGURES.items()}
    | {f"{figure}_per_stream_before": f"此前三个月场均{zh}" for figure, zh in FIGURES.items()},
}


def as_text(account: Account, language: Language) -> str:
    """Indented, in the order in which it was recorded."""
    words = WORDS[language]
    whose = account.person or account.team or ""
    what = account.title if account.title and language is Language.ZH else words.get(account.what, account.what)
    head = f"{what} {whose} ({words.get(account.standing, account.standing)})"
    return "\n".join([head, *(line for one in account.steps for line in lines(one, words))]) + "\n"


def lines(step: Step, words: Mapping[str, str]) -> Iterator[str]:
    details = ", ".join(f"{words.get(name, name)} {shown(name, v, words)}" for name, v in step.details.items())
    at = local(step.recorded_at if step.automatic else step.occurred_at)
    yield f"  {at} {words.get(step.says, step.says)}{f': {details}' if details else ''}"
    if who := ", ".join(filter(None, (step.by, words.get(step.capacity, step.capacity)))):
        yield f"    {who}"
    yield from (f"    {words['Rule']} {Stamp(one.policy, one.version, one.clause)}" for one in step.under)
    if step.automatic:
        yield f"    {words['from']} {step.cause}"
    if step.note:
        yield f"    {words['note']}: {step.note}"
    yield f"    {words['Fact']} {step.event}"
    for tree in step.trees:
        yield from (f"    {line}" for line in render(load(tree), words).splitlines())


def shown(name: str, said: str, words: Mapping[str, str]) -> str:
    if name in MONEY:
        return f"¥{int(said) / 100:,.2f}"
    return ", ".join(" ".join(words.get(word, word) for word in one.split(" ")) for one in said.split(", "))
