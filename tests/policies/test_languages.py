"""What an explanation calls the parts of a score."""

from pathlib import Path

from services.answering import Language
from services.performance.main import service
from services.performance.scores.languages import words
from services.performance.scores.standard import AppraisalStandard

DEMO = Path(__file__).parents[2] / "deploy/demo/policies/performance"


def test_every_part_of_the_demos_standards_has_a_chinese_name() -> None:
    policies = service.load_policies(DEMO)
    standards = [d.body for d in policies.documents if isinstance(d.body, AppraisalStandard)]
    chinese = words(Language.ZH, policies)
    unnamed = {name for standard in standards for name in standard.names} - chinese.keys()
    assert standards
    assert not unnamed
    assert chinese["live_viewers"] == "直播观看人数"


def test_english_keeps_the_names_of_the_policy() -> None:
    assert "live_viewers" not in words(Language.EN, service.load_policies(DEMO))
