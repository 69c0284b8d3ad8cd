"""Training: its table of contents."""

from pathlib import Path

from services.objection import ObjectionRules
from services.people.contracts import contract as people
from services.people.contracts import erasure
from services.performance.contracts import contract as performance
from services.population import Population
from services.training.attendance import api as attendance_api
from services.training.attendance.decisions import attendance
from services.training.attendance.projections import rosters
from services.training.contracts import contract
from services.training.courses import api as courses_api
from services.training.courses.decisions import courses
from services.training.courses.projections import catalogue, standards
from services.training.exams import api as exams_api
from services.training.exams.decisions import exams
from services.training.exams.facts import exam_history
from services.training.exams.projections import exam_chains, exam_objections
from services.training.exams.reactions import exam_answers, make_up_term, objected_exams
from services.training.learning import api as learning_api
from services.training.learning.decisions import learning
from services.training.learning.projections import progresses
from services.training.rules import TrainingRules
from services.training.sessions import api as sessions_api
from services.training.sessions.decisions import sessions
from services.training.sessions.projections import session_records
from services.training.teaching import api as teaching_api
from services.training.teaching.decisions import answers, performance_notes
from services.training.teaching.projections import answers_given, performances
from shared.service import Service

service = Service(
    contract,
    home=Path(__file__).parent,
    listens=[performance, people],
    deciders=[courses, sessions, attendance, learning, answers, performance_notes, exams],
    projections=[
        catalogue,
        standards,
        session_records,
        rosters,
        progresses,
        answers_given,
        performances,
        exam_chains,
        exam_objections,
    ],
    facts=[exam_history],
    reactions=[make_up_term, exam_answers, objected_exams],
    erasures=[erasure],
    policies=[TrainingRules, ObjectionRules],
    population=Population,
    routers=[
        courses_api.router,
        sessions_api.router,
        attendance_api.router,
        learning_api.router,
        teaching_api.router,
        exams_api.router,
    ],
)
