"""People: its table of contents."""

from pathlib import Path

from services.people.applications import api as applications_api
from services.people.applications.decisions import applications
from services.people.applications.projections import applications_about, archive_applications
from services.people.applications.rules import ArchiveRules
from services.people.archives import api as archives_api
from services.people.archives.facts import archive
from services.people.archives.projections import open_archives
from services.people.contracts import contract, erasure
from services.people.persons import api as persons_api
from services.people.persons.decisions import persons
from services.people.persons.projections import assignments, demotions, engagements, registered_persons
from services.people.persons.reactions import imposed_demotions
from services.people.posts import api as posts_api
from services.people.posts.decisions import posts
from services.people.posts.projections import posts_defined
from services.people.readings.decisions import readings
from services.people.readings.projections import archive_readings
from services.people.regulations import api as regulations_api
from services.people.regulations.decisions import acknowledgements, feedback, regulations
from services.people.regulations.projections import (
    regulation_acknowledgements,
    regulation_feedback,
    regulation_register,
)
from services.people.roles import api as roles_api
from services.people.roles.decisions import roles
from services.people.roles.projections import roles_held
from services.people.units import api as units_api
from services.people.units.decisions import units
from services.people.units.projections import units_defined
from services.population import Population
from services.supervision.contracts import contract as supervision
from services.training.contracts import contract as training
from shared.service import Service

service = Service(
    contract,
    home=Path(__file__).parent,
    listens=[training, supervision],
    deciders=[units, posts, persons, roles, applications, readings, regulations, acknowledgements, feedback],
    projections=[
        units_defined,
        posts_defined,
        registered_persons,
        engagements,
        assignments,
        demotions,
        roles_held,
        open_archives,
        archive_applications,
        applications_about,
        archive_readings,
        regulation_register,
        regulation_acknowledgements,
        regulation_feedback,
    ],
    facts=[archive],
    reactions=[imposed_demotions],
    erasures=[erasure],
    policies=[ArchiveRules],
    population=Population,
    routers=[
        units_api.router,
        posts_api.router,
        persons_api.router,
        persons_api.imposed,
        roles_api.router,
        applications_api.router,
        archives_api.router,
        regulations_api.router,
    ],
)
