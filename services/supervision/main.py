"""Supervision: its table of contents."""

from pathlib import Path

from services.objection import ObjectionRules
from services.people.contracts import contract as people
from services.people.contracts import erasure
from services.performance.contracts import contract as performance
from services.population import Population
from services.supervision.awards import api as awards_api
from services.supervision.awards.decisions import awards
from services.supervision.awards.items import AwardItems
from services.supervision.awards.merits import merits
from services.supervision.awards.projections import all_awards
from services.supervision.awards.reactions import excellent_exams
from services.supervision.complaints import api as complaints_api
from services.supervision.complaints.decisions import complaints
from services.supervision.complaints.facts import complaint_rosters
from services.supervision.complaints.projections import all_complaints
from services.supervision.complaints.reactions import complaint_settlements, customer_complaints
from services.supervision.contracts import contract
from services.supervision.directory.projections import members
from services.supervision.directory.teams import teams
from services.supervision.observations import api as observations_api
from services.supervision.observations.decisions import observations
from services.supervision.observations.projections import all_observations, observers
from services.supervision.observations.reactions import objected_marks
from services.supervision.observations.rules import ObservationRules
from services.supervision.penalties import api as penalties_api
from services.supervision.penalties.decisions import penalties
from services.supervision.penalties.facts import populations
from services.supervision.penalties.projections import all_penalties, penalty_objections
from services.supervision.penalties.reactions import penalty_answers, penalty_settlements, violation_consequences
from services.supervision.penalties.rules import ConsequenceRules, PenaltyCatalogue, check_penalties
from services.supervision.rectifications import api as rectifications_api
from services.supervision.rectifications.decisions import rectifications
from services.supervision.rectifications.projections import all_rectifications
from services.supervision.rectifications.reactions import deduction_rectifications
from services.supervision.rectifications.rules import RectificationRules
from services.supervision.streams import api as streams_api
from services.supervision.streams.decisions import streams
from services.supervision.streams.projections import all_streams
from services.supervision.streams.reactions import objected_figures
from services.supervision.streams.rules import StreamRules
from services.supervision.violations import api as violations_api
from services.supervision.violations.decisions import violations
from services.supervision.violations.facts import monthly_figures
from services.supervision.violations.projections import all_violations
from services.supervision.violations.reactions import absences, failed_exams, poor_months, upheld_objections
from services.supervision.violations.rules import FailedAssessment, PoorPerformance
from services.supervision.whatif.facts import conduct
from services.supervision.whatif.trial import try_consequences
from services.training.contracts import contract as training
from shared.service import Service

service = Service(
    contract,
    home=Path(__file__).parent,
    listens=[training, people, performance],
    deciders=[streams, observations, complaints, violations, penalties, rectifications, awards],
    projections=[
        members,
        all_streams,
        all_observations,
        observers,
        all_complaints,
        all_violations,
        all_penalties,
        penalty_objections,
        all_rectifications,
        all_awards,
    ],
    facts=[monthly_figures, populations, merits, teams, conduct, complaint_rosters],
    reactions=[
        absences,
        failed_exams,
        poor_months,
        violation_consequences,
        penalty_settlements,
        excellent_exams,
        upheld_objections,
        penalty_answers,
        deduction_rectifications,
        objected_marks,
        objected_figures,
        customer_complaints,
        complaint_settlements,
    ],
    erasures=[erasure],
    policies=[
        StreamRules,
        ObservationRules,
        ConsequenceRules,
        PenaltyCatalogue,
        FailedAssessment,
        PoorPerformance,
        AwardItems,
        ObjectionRules,
        RectificationRules,
    ],
    population=Population,
    agree=[check_penalties],
    what_if=dict.fromkeys(
        (AwardItems, ConsequenceRules, PenaltyCatalogue, FailedAssessment, PoorPerformance), try_consequences
    ),
    routers=[
        streams_api.router,
        observations_api.router,
        violations_api.router,
        complaints_api.router,
        penalties_api.router,
        rectifications_api.router,
        awards_api.router,
    ],
)
