"""What training tells the world. Others import this module and nothing else of training."""

from services.training.attendance.events import (
    Ground,
    SessionAbsenceCorrected,
    SessionAbsenceRecorded,
    SessionAttended,
)
from services.training.courses.events import AssessmentStandardSet, ContentArea, CourseDesigned
from services.training.exams.events import (
    AssessmentMethod,
    Attempt,
    ExamAbsenceRecorded,
    ExamGraded,
    ExamRegraded,
    ExamScheduled,
    Grade,
    MakeUpDeadlinePassed,
    MakeUpExamGranted,
    MakeUpExamWithdrawn,
    RetrainingLimitReached,
    RetrainingRequired,
    RetrainingWithdrawn,
)
from services.training.learning.events import LearningProgressRecorded
from services.training.sessions.events import (
    Method,
    SessionDelivered,
    SessionScheduled,
    TraineesEnrolled,
    TrainerKind,
    TrainingNoticeSent,
)
from services.training.teaching.events import TraineePerformanceNoted, TraineeQuestionAnswered
from shared.event import Contract

__all__ = [
    "AssessmentMethod",
    "AssessmentStandardSet",
    "Attempt",
    "ContentArea",
    "CourseDesigned",
    "ExamAbsenceRecorded",
    "ExamGraded",
    "ExamRegraded",
    "ExamScheduled",
    "Grade",
    "Ground",
    "LearningProgressRecorded",
    "MakeUpDeadlinePassed",
    "MakeUpExamGranted",
    "MakeUpExamWithdrawn",
    "Method",
    "RetrainingLimitReached",
    "RetrainingRequired",
    "RetrainingWithdrawn",
    "SessionAbsenceCorrected",
    "SessionAbsenceRecorded",
    "SessionAttended",
    "SessionDelivered",
    "SessionScheduled",
    "TraineePerformanceNoted",
    "TraineeQuestionAnswered",
    "TraineesEnrolled",
    "TrainerKind",
    "TrainingNoticeSent",
    "contract",
]

contract = Contract(
    "training",
    CourseDesigned,
    AssessmentStandardSet,
    SessionScheduled,
    TraineesEnrolled,
    TrainingNoticeSent,
    SessionDelivered,
    restricted=[  # what one person's archive holds: whoever reads it applies for it (R9), and so no subscriber does
        SessionAttended,
        SessionAbsenceRecorded,
        SessionAbsenceCorrected,
        LearningProgressRecorded,
        TraineeQuestionAnswered,
        TraineePerformanceNoted,
        ExamScheduled,
        ExamGraded,
        ExamRegraded,
        ExamAbsenceRecorded,
        MakeUpExamGranted,
        MakeUpDeadlinePassed,
        MakeUpExamWithdrawn,
        RetrainingRequired,
        RetrainingLimitReached,
        RetrainingWithdrawn,
    ],
)
