"""Companies become studios, people fill posts, and the missing anchors and assistants are generated.

A person's id is a digest of his badge under the seed, never the badge.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from cli.demo.chance import Chance
from cli.demo.inputs.people import PersonRow
from cli.demo.world.lines import Origin
from shared.value import value

ANCHOR, ASSISTANT, SUPERVISOR, PLANNER = "anchor", "assistant_anchor", "live_ops_supervisor", "live_planner"
TECH_SUPPORT, HR, FINANCE = "tech_support", "hr", "finance"
POSTS = {  # title, and the categories that the post brings (C-42)
    ANCHOR: ("主播 Anchor", ("live_marketing", "live_team")),
    ASSISTANT: ("助播 Assistant anchor", ("assistant_anchor", "live_marketing", "live_team")),
    SUPERVISOR: ("直播运营主管 Live operations supervisor", ("live_marketing", "live_team")),
    PLANNER: ("直播策划 Live planner", ("live_marketing", "live_team")),
    TECH_SUPPORT: ("技术支持 Technical support", ("live_team",)),
    HR: ("人力资源 Human resources", ()),
    FINANCE: ("财务 Finance", ()),
}
ON_AIR, RECRUITED = (ANCHOR, ASSISTANT), (ANCHOR, ASSISTANT, SUPERVISOR, HR)
POST_OF_DEPARTMENT = {
    "Managers": SUPERVISOR,
    "Marketing Dept": ANCHOR,
    "Sales Dept": ASSISTANT,
    "Hr Dept": HR,
    "Finance Dept": FINANCE,
    "S/W Dept": TECH_SUPPORT,
}
DEPARTMENT_OF_POST = {post: department for department, post in POST_OF_DEPARTMENT.items() if post in RECRUITED}
LAST_JOINING = date(2024, 3, 31)  # of whoever is on air: before the first stream of May
GIVEN_NAMES = "晓雯 佳怡 子涵 思远 雨桐 浩然 梓萱 一诺 俊杰 欣妍 明轩 静怡 诗涵 宇航 婉清 嘉豪".split()  # noqa: SIM905
FAMILY_NAMES = "陈 李 王 张 刘 杨 黄 赵 吴 周 徐 孙 马 朱 胡 林 郭 何 高 罗".split()  # noqa: SIM905


@value
class Unit:
    id: str
    name: str
    parent: str | None
    studio: str


@value
class Person:
    id: str
    name: str
    gender: str
    post: str
    unit: str
    studio: str
    engagement: str
    joined_on: date
    origin: Origin
    in_files: bool  # or recruited by the generator
    joining_generated: bool  # no date stood in the files
    reports_to: str | None = None


@value
class Studio:
    """The people of a studio by what they do there. Nobody oversees himself: several of each hold an office."""

    id: str
    name: str
    supervisors: Sequence[Person]
    hr: Sequence[Person]
    anchors: Sequence[Person]
    assistants: Sequence[Person]

    @property
    def senior_anchors(self) -> Sequence[Person]:
        """Members of the supervision group (A-08): the two that joined first."""
        return sorted(self.anchors, key=lambda person: (person.joined_on, person.id))[:2]


@value
class Organisation:
    units: Sequence[Unit]
    persons: Sequence[Person]
    studios: Sequence[Studio]

    @property
    def by_id(self) -> Mapping[str, Person]:
        return {person.id: person for person in self.persons}


def organise(people: Sequence[PersonRow], staff: int, chance: Chance, origin: Origin) -> Organisation:
    """At least `staff` anchors and as many assistants, in every studio one assistant to an anchor.

    `origin` is that of the rows."""
    units = list(founded(people))
    studios = {unit.name: unit.id for unit in units if unit.parent is None}
    places = {(unit.studio, unit.name): unit.id for unit in units if unit.parent}
    ids = {row.badge: chance.name("person", row.badge) for row in people}
    persons = [
        hired(row, studio=studios[row.company], places=places, ids=ids, chance=chance, origin=origin) for row in people
    ]
    persons += [
        recruit(number, post, studio, places, chance)
        for number, (studio, post) in enumerate(vacancies(persons, list(studios.values()), staff))
    ]
    return Organisation(
        units=units, persons=persons, studios=[studio(unit, persons) for unit in units if not unit.parent]
    )


def founded(people: Sequence[PersonRow]) -> Iterator[Unit]:
    """A studio a company, and in it a unit a department."""
    companies = dict.fromkeys(row.company for row in people)
    departments = dict.fromkeys([*DEPARTMENT_OF_POST.values(), *(row.department for row in people)])
    for number, company in enumerate(companies, 1):
        studio = f"studio-{number}"
        yield Unit(id=studio, name=company, parent=None, studio=studio)
        for place, department in enumerate(departments, 1):
            yield Unit(id=f"{studio}-unit-{place}", name=department, parent=studio, studio=studio)


def hired(
    row: PersonRow,
    *,
    studio: str,
    places: Mapping[tuple[str, str], str],
    ids: Mapping[str, str],
    chance: Chance,
    origin: Origin,
) -> Person:
    superior = ids.get(row.manager_badge)
    return Person(
        id=ids[row.badge],
        name=f"{row.first_name} {row.last_name}",
        gender=row.gender,
        post=post_of(row),
        unit=places[studio, row.department],
        studio=studio,
        engagement="intern" if "intern" in row.role.lower() else "employee",
        joined_on=row.joined_on or drawn_joining(chance, row.badge),
        origin=origin,
        in_files=True,
        joining_generated=row.joined_on is None,
        reports_to=None if superior == ids[row.badge] else superior,
    )


def post_of(row: PersonRow) -> str:
    """Whoever joined after April is not on air: the months of the demo begin before he came."""
    post = POST_OF_DEPARTMENT.get(row.department, TECH_SUPPORT)
    late = row.joined_on is not None and row.joined_on > LAST_JOINING
    return PLANNER if late and post in ON_AIR else post


def drawn_joining(chance: Chance, badge: str) -> date:
    return LAST_JOINING - timedelta(days=chance.below(400, "joined", badge))


def vacancies(persons: Sequence[Person], studios: Sequence[str], staff: int) -> Iterator[tuple[str, str]]:
    held = Counter((person.studio, person.post) for person in persons)
    for at, studio in enumerate(studios):
        share = staff // len(studios) + (at < staff % len(studios))
        on_air = max(share, *(held[studio, post] for post in ON_AIR))
        for post, needed in ((ANCHOR, on_air), (ASSISTANT, on_air), (SUPERVISOR, 1), (HR, 2)):
            yield from [(studio, post)] * (needed - held[studio, post])


def recruit(number: int, post: str, studio: str, places: Mapping[tuple[str, str], str], chance: Chance) -> Person:
    badge = f"recruit-{number}"
    draws = chance.draws("recruit", number)
    return Person(
        id=chance.name("person", badge),
        name=f"{draws.choice(FAMILY_NAMES)}{draws.choice(GIVEN_NAMES)}",
        gender=draws.choice(("female", "male")),
        post=post,
        unit=places[studio, DEPARTMENT_OF_POST[post]],
        studio=studio,
        engagement=draws.choice(("employee", "employee", "brokerage", "cooperation")),
        joined_on=drawn_joining(chance, badge),
        origin=Origin.GENERATED,
        in_files=False,
        joining_generated=True,
    )


def studio(unit: Unit, persons: Sequence[Person]) -> Studio:
    def holding(post: str) -> list[Person]:
        return [person for person in persons if person.studio == unit.id and person.post == post]

    return Studio(
        id=unit.id,
        name=unit.name,
        supervisors=holding(SUPERVISOR),
        hr=holding(HR),
        anchors=holding(ANCHOR),
        assistants=holding(ASSISTANT),
    )
