"""What people tells the other services; the only module of it that they may import."""

from services.people.applications.events import (
    ArchiveAccessApproved,
    ArchiveAccessRejected,
    ArchiveAccessRequested,
    Part,
)
from services.people.persons.erasure import erasure
from services.people.persons.events import (
    CategoriesChanged,
    Category,
    DemotionDropped,
    DemotionHeld,
    DemotionRequired,
    Engagement,
    EngagementChanged,
    PersonAssignedToPost,
    PersonDemoted,
    PersonDemotionReversed,
    PersonErased,
    PersonNameCorrected,
    PersonRegistered,
)
from services.people.posts.events import PostDefined
from services.people.readings.events import ArchiveConsulted
from services.people.regulations.events import (
    RegulationAcknowledged,
    RegulationAdopted,
    RegulationConsulted,
    RegulationDrafted,
    RegulationFeedbackSubmitted,
    RegulationInterpreted,
    RegulationKind,
    RegulationPublished,
    RegulationSuperseded,
)
from services.people.roles.events import RoleGranted, RoleRevoked
from services.people.units.events import UnitDefined
from shared.event import Contract

contract = Contract(
    "people",
    UnitDefined,
    PostDefined,
    RegulationDrafted,
    RegulationConsulted,
    RegulationAdopted,
    RegulationPublished,
    RegulationSuperseded,
    RegulationInterpreted,
    restricted=[
        PersonRegistered,
        PersonNameCorrected,
        CategoriesChanged,
        EngagementChanged,
        PersonAssignedToPost,
        DemotionRequired,
        DemotionHeld,
        PersonDemoted,
        DemotionDropped,
        PersonDemotionReversed,
        PersonErased,
        RoleGranted,
        RoleRevoked,
        ArchiveAccessRequested,
        ArchiveAccessApproved,
        ArchiveAccessRejected,
        ArchiveConsulted,
        RegulationAcknowledged,
        RegulationFeedbackSubmitted,
    ],
)

__all__ = [
    "ArchiveAccessApproved",
    "ArchiveAccessRejected",
    "ArchiveAccessRequested",
    "ArchiveConsulted",
    "CategoriesChanged",
    "Category",
    "DemotionDropped",
    "DemotionHeld",
    "DemotionRequired",
    "Engagement",
    "EngagementChanged",
    "Part",
    "PersonAssignedToPost",
    "PersonDemoted",
    "PersonDemotionReversed",
    "PersonErased",
    "PersonNameCorrected",
    "PersonRegistered",
    "PostDefined",
    "RegulationAcknowledged",
    "RegulationAdopted",
    "RegulationConsulted",
    "RegulationDrafted",
    "RegulationFeedbackSubmitted",
    "RegulationInterpreted",
    "RegulationKind",
    "RegulationPublished",
    "RegulationSuperseded",
    "RoleGranted",
    "RoleRevoked",
    "UnitDefined",
    "contract",
    "erasure",
]
