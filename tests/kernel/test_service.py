"""What a service refuses when it is made."""

from pathlib import Path

import pytest

from shared.facts import Facts
from shared.reaction import Reaction
from shared.service import Service
from tests.kernel.test_rebuild import Praised, Shop, Sold, contract, praises, turnover, turnovers

others = Facts(name="others", about=lambda e: e.shop, subjects=lambda e: [Shop(shop=e.shop)], result=turnover)


def either(told: Shop | Sold) -> list[Praised]:
    return []


def test_two_facts_of_one_subject_class(tmp_path: Path) -> None:
    (tmp_path / "access.yaml").write_text("")
    with pytest.raises(ValueError, match=r"shop: two facts are of \['Shop'\].*give each a class of its own"):
        Service(contract, home=tmp_path, facts=[turnovers, others])


def test_a_reaction_to_a_result_and_something_else(tmp_path: Path) -> None:
    (tmp_path / "access.yaml").write_text("")
    mixed = Reaction(name="mixed", to=praises, react=either)
    with pytest.raises(ValueError, match=r"mixed: it takes \['Shop', 'Sold'\]"):
        Service(contract, home=tmp_path, deciders=[praises], facts=[turnovers], reactions=[mixed])
