"""The review of one person's month: one stream, from its opening to what is restated later.

A review is scored once; whatever arrives later restates it, beside what stood before. Whoever is reviewed opens,
scores, completes and declares nothing himself (S-42). Clauses: S-37, S-39, S-42, S-43, T-65, A-61, O-105, A-36, A-37;
C-05, C-08, C-16; rulings R5, R6, R10; guarantee G10.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import date

from services.calendar import end_of, last_day
from services.deciding import check_himself, check_not_the_subject
from services.objection import Contested, ObjectionRules, Objections, window_ends
from services.performance.cycles.decisions import Open, cycles
from services.performance.reviews.adjustments import (
    AdjustScore,
    CreditExcellence,
    DeductForPenalty,
    HoldAdjustment,
    WithdrawAdjustment,
    adjust,
)
from services.performance.reviews.events import (
    Event,
    FeedbackInterviewHeld,
    FeedbackMode,
    NotApplicableDeclared,
    ReviewCompleted,
    ReviewObjectionEscalated,
    ReviewObjectionRaised,
    ReviewObjectionResolved,
    ReviewObjectionWithdrawn,
    ReviewOpened,
    ReviewScoreAdjusted,
    ReviewScored,
    ScoreRestated,
    SelfReviewSubmitted,
    SuperiorReviewSubmitted,
)
from services.performance.reviews.objections import (
    EscalateObjection,
    Object,
    RaiseObjection,
    ResolveObjection,
    WithdrawObjection,
    object_to,
)
from services.performance.reviews.policies import FeedbackPolicy
from services.performance.reviews.results import Result, restated, scored
from services.performance.scores.evidence import Event as Fact
from services.performance.scores.facts import kpi
from services.performance.scores.standard import AppraisalStandard
from services.vocabulary import Month, PersonId, PersonMonth, PostId, Text, UnitId, first_day
from shared.decider import Context, Decider, Refused, Sight, look
from shared.facts import Known
from shared.privacy import Note
from shared.value import value


@value
class OpenReview:
    """Let a person take part in the month's cycle under a post. Again, before it is scored: a correction."""

    subject: PersonMonth
    post: PostId
    studio: UnitId
    not_rated: Text | None = None  # his own reason, where the cycle has none


@value
class SubmitSelfReview:
    """After the month, by the person himself (O-103)."""

    person: PersonId
    month: Month
    achievements: Note
    shortcomings: Note
    improvements: Note


@value
class SubmitSuperiorReview:
    """After the self-review, where the form asks for one; where there is none, with the reason (O-104)."""

    person: PersonId
    month: Month
    evaluation: Note
    without_self_review: Text | None = None


@value
class ScoreReview:
    subject: PersonMonth


@value
class RestateScore:
    subject: PersonMonth


@value
class RecordFeedback:
    """What the person was told. By the interviewer, who is never the person."""

    person: PersonId
    month: Month
    mode: FeedbackMode
    merits: Note
    shortcomings: Note
    advice: Note
    held_on: date

    def __post_init__(self) -> None:
        first_day(self.month)


@value
class CompleteReview:
    subject: PersonMonth


@value
class DeclareNotApplicable:
    """That a component of the standard does not apply to this person's month: its weight moves (R5)."""

    subject: PersonMonth
    component: str
    reason: Text
    withdrawn: bool = False


Command = (
    OpenReview | SubmitSelfReview | SubmitSuperiorReview | ScoreReview | RestateScore | RecordFeedback
    | RaiseObjection | ResolveObjection | WithdrawObjection | EscalateObjection | CompleteReview
    | DeclareNotApplicable | AdjustScore | CreditExcellence | DeductForPenalty | WithdrawAdjustment | HoldAdjustment
)  # fmt: skip


@value
class Unopened:
    pass


@value
class Opened:
    post: PostId
    studio: UnitId
    not_rated: str | None


@value
class Scored:
    opened: Opened
    result: Result
    feedback: FeedbackInterviewHeld | None = None  # about a result that still stands


@value
class Completed:
    opened: Opened
    result: Result
    feedback: FeedbackInterviewHeld | None = None


Stage = Unopened | Opened | Scored | Completed


@value
class Review:
    """Adjustments are accepted in any state: a refusal would swallow them."""

    stage: Stage = Unopened()
    self_review: SelfReviewSubmitted | None = None
    superior_review: SuperiorReviewSubmitted | None = None
    objections: Objections = Objections()
    adjustments: Mapping[str, ReviewScoreAdjusted] = field(default_factory=dict)
    declared: Mapping[str, NotApplicableDeclared] = field(default_factory=dict)


def decide(command: Command, review: Review, context: Context) -> Sequence[Event]:  # noqa: PLR0911 — one for each act
    match command:
        case OpenReview():
            return opened(command, review.stage, context)
        case SubmitSelfReview() | SubmitSuperiorReview():
            return submitted(command, review, context)
        case ScoreReview():
            return first_score(command, review, context)
        case RestateScore():
            return restate(command, review.stage, context)
        case RecordFeedback():
            return fed_back(command, published(review.stage), context)
        case RaiseObjection() | ResolveObjection() | WithdrawObjection() | EscalateObjection():
            return objected(command, review, context)
        case CompleteReview():
            return completed(command, published(review.stage), review, context)
        case DeclareNotApplicable():
            return declared(command, review, context)
        case AdjustScore() | CreditExcellence() | DeductForPenalty() | WithdrawAdjustment() | HoldAdjustment():
            return adjust(command, review.adjustments, context)


def published(stage: Stage) -> Scored | Completed:
    match stage:
        case Unopened():
            raise Refused("review.not_open", next="open the review first")
        case Opened():
            raise Refused("review.not_scored", next="score the review first")
        case Scored() | Completed():
            return stage


def opened(command: OpenReview, stage: Stage, context: Context) -> list[Event]:
    """No post without a standard enters a cycle (C-05): refused as `policy.not_configured`, with the post."""
    check_not_the_subject("review", command.subject.person, context)
    if isinstance(stage, Scored | Completed):
        raise Refused("review.already_scored", next="what changes now restates the score")
    cycle = context.state(cycles, command.subject.month)
    if not isinstance(cycle, Open):
        raise Refused("cycle.not_open", month=command.subject.month, next="open the month's cycle first")
    on = first_day(command.subject.month)
    context.policy(AppraisalStandard, on=on, post=command.post, studio=command.studio)
    reason = cycle.not_rated or command.not_rated
    if stage == Opened(post=command.post, studio=command.studio, not_rated=reason):
        return []
    return [ReviewOpened(subject=command.subject, post=command.post, studio=command.studio, not_rated=reason)]


def submitted(command: SubmitSelfReview | SubmitSuperiorReview, review: Review, context: Context) -> list[Event]:
    """Until the scoring, the same form again corrects it."""
    under = opened_in(review.stage)
    told = filled(command, context)
    if told in (review.self_review, review.superior_review):
        return []
    if isinstance(review.stage, Scored | Completed):
        raise Refused("review.already_scored", next="say it in the feedback interview, or object to the result")
    check_month_over(command.month, context)
    if isinstance(command, SubmitSelfReview):
        check_himself("review", command.person, context)
        return [told]
    check_not_the_subject("review", command.person, context)
    policy = feedback_policy(command.month, under, context)
    if policy.self_review and review.self_review is None and command.without_self_review is None:
        raise Refused(
            "review.self_review_first",
            clause=policy.clause,
            next="wait for the self-review, or say why there is none: without_self_review",
        )
    return [told]


def filled(
    command: SubmitSelfReview | SubmitSuperiorReview, context: Context
) -> SelfReviewSubmitted | SuperiorReviewSubmitted:
    if isinstance(command, SubmitSelfReview):
        return SelfReviewSubmitted(
            person=command.person,
            month=command.month,
            achievements=command.achievements,
            shortcomings=command.shortcomings,
            improvements=command.improvements,
        )
    return SuperiorReviewSubmitted(
        person=command.person,
        month=command.month,
        reviewer=PersonId(context.actor),
        capacity=context.capacity,
        evaluation=command.evaluation,
        without_self_review=command.without_self_review,
    )


def first_score(command: ScoreReview, review: Review, context: Context) -> list[Event]:
    check_not_the_subject("review", command.subject.person, context)
    match review.stage:
        case Unopened():
            raise Refused("review.not_open", next="open the review first")
        case Opened() as under:
            return [after_the_month(command, under, review.superior_review, context)]
        case Scored() | Completed():
            return []


def check_month_over(month: Month, context: Context) -> None:
    over_at = end_of(last_day(month))
    if context.now < over_at:
        raise Refused("review.month_not_over", over_at=over_at, next="do it when the month is over")


def after_the_month(
    command: ScoreReview, review: Opened, superior_review: SuperiorReviewSubmitted | None, context: Context
) -> ReviewScored:
    """A month that is not rated asks for no forms."""
    on = first_day(command.subject.month)
    check_month_over(command.subject.month, context)
    policy = feedback_policy(command.subject.month, review, context)
    if policy.superior_review and superior_review is None and review.not_rated is None:
        raise Refused("review.superior_review_first", clause=policy.clause, next="submit the superior's review first")
    if gathered(context.known(kpi, command.subject)) != review:
        raise Refused("review.not_gathered", next="its opening has not arrived at the facts yet: ask again")
    standard = context.policy(AppraisalStandard, on=on, post=review.post, studio=review.studio)
    return scored(command.subject, standard, context)


def gathered(known: Known[Fact]) -> Opened | None:
    for r in known.last(ReviewOpened).values():
        return Opened(post=r.event.post, studio=r.event.studio, not_rated=r.event.not_rated)
    return None


def restate(command: RestateScore, stage: Stage, context: Context) -> Sequence[Event]:
    """From the scoring on: what is completed in the end is what stands then."""
    match stage:
        case Unopened() | Opened():
            return []  # nothing is scored that could be restated
        case Scored() | Completed():
            return restated(command.subject, stage.result, context)


def fed_back(command: RecordFeedback, stage: Scored | Completed, context: Context) -> list[Event]:
    check_not_the_subject("review", command.person, context)
    policy = feedback_policy(command.month, stage.opened, context)
    if policy.mode and command.mode is not policy.mode:
        raise Refused("feedback.mode", required=policy.mode, clause=policy.clause, next="hold it in this mode")
    if command.held_on > context.today:
        raise Refused("feedback.not_yet_held", held_on=command.held_on, next="record it once it was held")
    rules = objection_rules(command.month, stage.opened, context)
    told = FeedbackInterviewHeld(
        person=command.person,
        month=command.month,
        version=stage.result.version,
        interviewer=PersonId(context.actor),
        mode=command.mode,
        merits=command.merits,
        shortcomings=command.shortcomings,
        advice=command.advice,
        held_on=command.held_on,
        max_lag_days=int(policy.max_lag_days.amount) if policy.max_lag_days else None,
        objections_until=window_ends(context.today, rules),
    )
    if stage.feedback in (None, told):
        return [] if stage.feedback else [told]
    raise Refused(
        "feedback.already_recorded",
        version=stage.feedback.version,
        held_on=stage.feedback.held_on,
        next="one is recorded for a version: the next version has one of its own",
    )


def objected(command: Object, review: Review, context: Context) -> Sequence[Event]:
    """Against the result as it stands, completed or not."""
    stage = published(review.stage)
    told = stage.feedback
    of = Contested(
        person=command.person,
        version=stage.result.version,
        told=told is not None,
        until=told.objections_until if told else None,
        given_by=told.interviewer if told else "",
    )
    rules = objection_rules(command.month, stage.opened, context)
    return object_to(command, of, stage.result, review.objections, rules, context)


def objection_rules(of: Month, review: Opened, context: Context) -> ObjectionRules:
    return context.policy(ObjectionRules, on=first_day(of), post=review.post, studio=review.studio)


def completed(command: CompleteReview, stage: Scored | Completed, review: Review, context: Context) -> list[Event]:
    """A month that is not rated has nothing to feed back. What is objected to, or still may be where the feedback
    precedes the completion, is not final (R7)."""
    check_not_the_subject("review", command.subject.person, context)
    if isinstance(stage, Completed):
        return []
    if review.objections.open:
        raise Refused("review.objection_open", next="resolve the objection first")
    if held := [name for name, made in review.adjustments.items() if made.held]:
        raise Refused("review.adjustment_held", adjustments=held, next="what they rest on is objected to: resolve that")
    policy = feedback_policy(command.subject.month, stage.opened, context)
    if policy.before_completion and stage.feedback is None and stage.result.score is not None:
        raise Refused(
            "review.feedback_first",
            clause=policy.clause,
            next="record the feedback: mode, merits, shortcomings, advice",
        )
    until = stage.feedback.objections_until if stage.feedback else None
    if policy.before_completion and until is not None and context.today <= until:
        raise Refused("review.objection_window_open", until=until, next="complete it when the window has ended")
    return [
        ReviewCompleted(
            subject=command.subject,
            post=stage.opened.post,
            studio=stage.opened.studio,
            version=stage.result.version,
            score=stage.result.score,
            grade=stage.result.grade,
            excellent=stage.result.excellent,
        )
    ]


def feedback_policy(of: Month, review: Opened, context: Context) -> FeedbackPolicy:
    return context.policy(FeedbackPolicy, on=first_day(of), post=review.post, studio=review.studio)


def opened_in(stage: Stage) -> Opened:
    match stage:
        case Unopened():
            raise Refused("review.not_open", next="open the review first")
        case Opened():
            return stage
        case Scored() | Completed():
            return stage.opened


def declared(command: DeclareNotApplicable, review: Review, context: Context) -> list[Event]:
    check_not_the_subject("review", command.subject.person, context)
    under = opened_in(review.stage)
    on = first_day(command.subject.month)
    names = context.policy(AppraisalStandard, on=on, post=under.post, studio=under.studio).names
    if command.component not in names:
        raise Refused("component.unknown", component=command.component, components=names, next="name one of these")
    now = NotApplicableDeclared(
        subject=command.subject,
        component=command.component,
        reason=command.reason,
        withdrawn=command.withdrawn,
    )
    before = review.declared.get(command.component)
    if command.withdrawn and before is None:
        raise Refused("declaration.unknown", component=command.component, next="name a component that was declared")
    return [] if now == before else [now]


def evolve(review: Review, event: Event) -> Review:
    """Raises ValueError for a history that no decision makes."""
    match event:
        case ReviewScoreAdjusted():
            return replace(review, adjustments={**review.adjustments, event.adjustment: event})
        case NotApplicableDeclared():
            return replace(review, declared={**review.declared, event.component: event})
        case SelfReviewSubmitted():
            return replace(review, self_review=event)
        case SuperiorReviewSubmitted():
            return replace(review, superior_review=event)
        case (
            ReviewObjectionRaised()
            | ReviewObjectionEscalated()
            | ReviewObjectionResolved()
            | ReviewObjectionWithdrawn()
        ):
            return replace(review, objections=review.objections.then(event.told))
        case ReviewOpened() | ReviewScored() | FeedbackInterviewHeld() | ReviewCompleted() | ScoreRestated():
            return replace(review, stage=advanced(review.stage, event))


def advanced(
    stage: Stage, event: ReviewOpened | ReviewScored | FeedbackInterviewHeld | ReviewCompleted | ScoreRestated
) -> Stage:
    match stage, event:
        case Unopened() | Opened(), ReviewOpened():
            return Opened(post=event.post, studio=event.studio, not_rated=event.not_rated)
        case Opened(), ReviewScored():
            return Scored(opened=stage, result=Result.first(event))
        case Scored() | Completed(), FeedbackInterviewHeld():
            return replace(stage, feedback=event)
        case Scored(), ReviewCompleted():
            return Completed(opened=stage.opened, result=stage.result, feedback=stage.feedback)
        case Scored() | Completed(), ScoreRestated():
            same = event.difference == 0 and event.grade == stage.result.grade
            return replace(stage, result=stage.result.then(event), feedback=stage.feedback if same else None)
        case _:
            raise ValueError(f"{type(event).__name__} does not follow where a review is {type(stage).__name__}")


def key(command: Command) -> tuple[str, ...]:
    of = subject_of(command)
    return of.person, of.month


def subject_of(command: Command) -> PersonMonth:
    """A command that holds a personal text names person and month itself."""
    match command:
        case (
            OpenReview()
            | ScoreReview()
            | RestateScore()
            | CompleteReview()
            | DeclareNotApplicable()
            | AdjustScore()
            | CreditExcellence()
            | DeductForPenalty()
            | WithdrawAdjustment()
            | HoldAdjustment()
        ):
            return command.subject
        case _:
            return PersonMonth(person=command.person, month=command.month)


def sees(command: Command) -> list[Sight]:
    match command:
        case OpenReview():
            return [look(cycles, command.subject.month)]
        case ScoreReview() | RestateScore() | ResolveObjection():
            return [look(kpi, subject_of(command))]
        case _:
            return []


reviews = Decider(name="review", key=key, initial=Review, decide=decide, evolve=evolve, sees=sees)
