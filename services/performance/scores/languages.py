"""In which languages a score explains itself. What neither a regulation nor a catalogue names keeps its own name."""

from collections.abc import Mapping

from services.answering import Language
from services.performance.metrics.catalogue import MetricCatalogue
from services.performance.scores.measures import NO_JUDGING
from shared.explanation import CHINESE, ENGLISH
from shared.policy import Policies

BY_RELATION = "raters by relation only"  # why the single marks are closed (R5)

LANGUAGES = {
    Language.EN: ENGLISH,
    Language.ZH: CHINESE
    | {
        "grade": "等级",
        "score": "得分",
        "clamped": "限于 0 至 100",
        "adjusted": "加减分后",
        "raised": "加分后",
        "raw": "加权总分",
        "plus": "加分（封顶）",
        "minus": "扣分（封顶）",
        "plus_proposed": "加分合计",
        "minus_proposed": "扣分合计",
        "month": "考核月份",
        "parts": "各期",
        "excellent_in_a_row": "连续优秀月数",
        "bonus": "绩效奖金（分）",
        "left": "扣减后",
        "earned": "应得奖金",
        "deducted": "扣减合计",
        "score_of_the_month": "当月得分",
        "points": "分",
        "amount": "数值",
        "base": "基数",
        "result": "工作业绩",
        "work_results": "工作业绩",
        "ability": "工作能力",
        "professional_ability": "专业能力",
        "attitude": "工作态度",
        "operations": "运营指标",
        "customer_service": "客户服务指标",
        "teamwork_indicators": "团队协作指标",
        "conduct_on_air": "直播表现",
        "observed_on_air": "直播表现",
        "time_on_air": "在播时长",
        "training": "培训",
        "training_marks": "培训考核成绩",
        "training_attendance": "培训出勤率",
        "viewers": "直播观看人数",
        "interactions": "互动次数",
        "clicks": "商品点击人数",
        "buyers": "成交人数",
        "gmv": "成交金额（分）",
        "new_followers": "新增粉丝数",
        "ratings": "评价数",
        "satisfied": "满意评价数",
        "complaints": "投诉数",
        "viewers_per": "观看人数合计",
        "interactions_rate": "互动率",
        "interactions_per": "互动率的基数",
        "buyers_rate": "销售转化率",
        "buyers_per": "转化率的基数",
        "satisfied_rate": "客户满意度",
        "satisfied_per": "满意度的基数",
        "gmv_by_minutes": "按时长分配的成交金额",
        "gmv_minutes": "金额乘时长",
        "own_minutes": "本人时长",
        "crew_minutes": "全体时长",
        "minutes": "分钟",
        "persons": "人",
        "count": "次",
        "fen": "分（货币）",
        "streams": "直播场次",
        "language": "语言表达",
        "interaction": "互动效果",
        "product_accuracy": "产品介绍准确性",
        "emergency_handling": "应急处理能力",
        "exam_marks": "考核成绩",
        "session_attendance": "培训出勤率",
        "attended": "出勤",
        "counted": "应出勤",
        "sessions_missed": "无故缺席",
        "SessionAttended": "参加培训",
        "SessionAbsenceRecorded": "培训缺席",
        "SessionAbsenceCorrected": "培训缺席（更正）",
        "by_superior": "上级领导评价",
        "by_peer": "同事评价",
        "by_subordinate": "下属评价",
        "rater": "评价人",
        BY_RELATION: "评价人仅按关系列示",
        "StreamEnded": "直播结束",
        "live_ops_supervisor": "直播运营主管",
        "senior_anchor": "资深主播",
        "hr": "人力资源部",
        "no fact": "没有事实",
        NO_JUDGING: "评价人数与权重未设定",
        "no review": "没有考核",
        "under review": "考核中",
        "no part applies": "各项均不适用",
        "too little applies": "适用部分不足",
        "nothing to divide by": "没有基数",
    },
}


def words(language: Language, policies: Policies) -> Mapping[str, str]:
    """With what the catalogues in force call a metric in Chinese; in English its name says it."""
    catalogues = (d.body for d in policies.documents if isinstance(d.body, MetricCatalogue))
    named = {metric.name: metric.zh for catalogue in catalogues for metric in catalogue.metrics}
    return named | LANGUAGES[language] if language is Language.ZH else LANGUAGES[language]
