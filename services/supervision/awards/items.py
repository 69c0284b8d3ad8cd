"""The catalogue of award items 奖励项目. Clauses: A-56, A-57, A-58, T-64, S-44, S-50, E-65; C-18, P-19; R1, R8."""

from typing import Annotated

from services.supervision.awards.events import Ground, Reward, SubjectKind
from services.supervision.awards.merits import Shown
from services.vocabulary import Text
from shared.criterion import over
from shared.explanation import Condition, Rule
from shared.marked import Wrong
from shared.policy import Issue, Open
from shared.value import value


@value
class Item:
    """`subject_kind`: whether persons or teams are awarded (S-50). `needs`: a proposal shows all of these grounds.
    `criterion`: what must hold besides when it is approved, in the organisation's own words: `{cel: "excellent_months
    >= 3 && complaints == 0"}`. `amount`: fen, of the award as a whole; unset: not configured (P-19)."""

    name: str
    title: Text
    clause: str
    subject_kind: SubjectKind = SubjectKind.PERSON
    needs: tuple[Ground, ...]
    criterion: Annotated[Condition, over(Shown)] | None = None
    rewards: tuple[Reward, ...]
    amount: Annotated[Rule | None, Open(code="P-19")] = None
    make_ups_count: bool = False  # of an excellent exam: the first attempt alone, unless configured otherwise (R1)


@value
class AwardItems:
    issue: Issue
    clause: str = ""
    decider_differs: bool = False  # whoever proposed an award may not decide on it
    items: tuple[Item, ...]

    def __post_init__(self) -> None:
        names = [item.name for item in self.items]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise Wrong(f"items: {', '.join(doubled)} stands twice", "items")
        for number, item in enumerate(self.items):
            if item.criterion and item.subject_kind is SubjectKind.TEAM:
                raise Wrong(
                    "a criterion is about a person's months: a team's item has none", "items", number, "criterion"
                )

    def find(self, name: str) -> Item | None:
        return next((item for item in self.items if item.name == name), None)
