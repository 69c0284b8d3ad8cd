"""Performance: its table of contents."""

from pathlib import Path

from services.objection import ObjectionRules
from services.people.contracts import contract as people
from services.people.contracts import erasure
from services.performance.bonuses import api as bonuses_api
from services.performance.bonuses.decisions import bonuses
from services.performance.bonuses.facts import bonuses_earned
from services.performance.bonuses.policies import BonusScheme
from services.performance.bonuses.projections import bonus_versions, bonuses_by_month
from services.performance.bonuses.reactions import bonus_calculation, bonus_deduction
from services.performance.campaigns import api as campaigns_api
from services.performance.campaigns.decisions import campaigns
from services.performance.campaigns.directory import posts_held
from services.performance.campaigns.policies import ReleasePolicy
from services.performance.campaigns.projections import campaign_board
from services.performance.communications import api as communications_api
from services.performance.communications.decisions import communications, meetings
from services.performance.communications.projections import communications_logged, meetings_held
from services.performance.contracts import contract
from services.performance.cycles import api as cycles_api
from services.performance.cycles.decisions import cycles
from services.performance.cycles.projections import opened_cycles
from services.performance.improvements import api as improvements_api
from services.performance.improvements.decisions import improvements
from services.performance.improvements.projections import improvement_plans
from services.performance.metrics import api as metrics_api
from services.performance.metrics.catalogue import MetricCatalogue
from services.performance.metrics.decisions import metrics
from services.performance.metrics.decisions import recorded_metrics as records
from services.performance.metrics.projections import metric_definitions, recorded_metrics
from services.performance.periods import api as periods_api
from services.performance.periods.facts import periods
from services.performance.periods.policies import RollUpPolicy
from services.performance.periods.streaks import streaks
from services.performance.plans import api as plans_api
from services.performance.plans.decisions import plans
from services.performance.plans.projections import operations_plans
from services.performance.priorities import api as priorities_api
from services.performance.priorities.decisions import priorities
from services.performance.priorities.facts import months_completed
from services.performance.priorities.policies import PriorityRules
from services.performance.priorities.projections import priority_register
from services.performance.priorities.reactions import priority_of_the_excellent
from services.performance.ratings import api as ratings_api
from services.performance.ratings.decisions import ratings
from services.performance.ratings.projections import rater_feedback
from services.performance.reviews import api as reviews_api
from services.performance.reviews.decisions import reviews
from services.performance.reviews.policies import AdjustmentPolicy, FeedbackPolicy
from services.performance.reviews.projections import (
    adjustments,
    declarations,
    explanations,
    feedbacks,
    forms,
    restatements,
    review_objections,
    reviews_by_month,
)
from services.performance.reviews.reactions import (
    objection_answers,
    objection_metrics,
    points_deduction,
    restatement,
    second_look,
    training_excellence,
)
from services.performance.scores import api as scores_api
from services.performance.scores.agreement import check_metrics
from services.performance.scores.facts import kpi
from services.performance.scores.standard import AppraisalStandard
from services.performance.tasks import api as tasks_api
from services.performance.tasks.decisions import tasks
from services.performance.tasks.projections import task_board
from services.performance.tickets import api as tickets_api
from services.performance.tickets.decisions import customer_erasure, erased_customers, tickets
from services.performance.tickets.projections import all_tickets
from services.performance.totals import api as totals_api
from services.performance.totals.projections import stream_figures
from services.performance.whatif.trial import try_periods, try_reviews
from services.performance.work_results import api as work_results_api
from services.performance.work_results.decisions import work_results
from services.performance.work_results.projections import results_recorded
from services.population import Population
from services.supervision.contracts import contract as supervision
from services.training.contracts import contract as training
from shared.service import Service

service = Service(
    contract,
    home=Path(__file__).parent,
    listens=[training, supervision, people],
    deciders=[
        metrics,
        records,
        cycles,
        reviews,
        improvements,
        ratings,
        bonuses,
        priorities,
        plans,
        tasks,
        work_results,
        communications,
        meetings,
        campaigns,
        tickets,
        erased_customers,
    ],
    projections=[
        metric_definitions,
        recorded_metrics,
        stream_figures,
        opened_cycles,
        reviews_by_month,
        explanations,
        restatements,
        adjustments,
        declarations,
        feedbacks,
        bonuses_by_month,
        bonus_versions,
        forms,
        review_objections,
        improvement_plans,
        rater_feedback,
        priority_register,
        operations_plans,
        task_board,
        results_recorded,
        communications_logged,
        meetings_held,
        posts_held,
        campaign_board,
        all_tickets,
    ],
    facts=[kpi, periods, streaks, bonuses_earned, months_completed],
    reactions=[
        training_excellence,
        points_deduction,
        restatement,
        second_look,
        objection_answers,
        objection_metrics,
        bonus_calculation,
        bonus_deduction,
        priority_of_the_excellent,
    ],
    erasures=[erasure, customer_erasure],
    policies=[
        MetricCatalogue,
        AppraisalStandard,
        FeedbackPolicy,
        ObjectionRules,
        AdjustmentPolicy,
        RollUpPolicy,
        BonusScheme,
        PriorityRules,
        ReleasePolicy,
    ],
    population=Population,
    agree=[check_metrics],
    what_if={
        AppraisalStandard: try_reviews,
        AdjustmentPolicy: try_reviews,
        BonusScheme: try_reviews,
        RollUpPolicy: try_periods,
    },
    routers=[
        metrics_api.router,
        metrics_api.recorded,
        totals_api.router,
        cycles_api.router,
        reviews_api.router,
        improvements_api.router,
        ratings_api.router,
        scores_api.router,
        periods_api.router,
        periods_api.runs,
        bonuses_api.router,
        priorities_api.router,
        plans_api.router,
        tasks_api.router,
        work_results_api.router,
        communications_api.router,
        communications_api.minutes,
        campaigns_api.router,
        tickets_api.router,
    ],
)
