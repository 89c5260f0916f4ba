"""The page about engines says what the tables say, and the tables say why."""

from pathlib import Path
from typing import Final

import pytest

from fairlead.engines.engine_setup import RefusalCheck, WarningCheck
from fairlead.engines.sglang import checks as sglang_checks
from fairlead.engines.sglang import warning_checks as sglang_warnings
from fairlead.engines.tensorrt_llm import checks as tensorrt_checks
from fairlead.engines.tensorrt_llm import warning_checks as tensorrt_warnings
from fairlead.engines.vllm.checks import REFUSAL_CHECKS
from fairlead.engines.vllm.cpu import warning_checks as cpu_warnings
from fairlead.engines.vllm.warning_checks import WARNING_CHECKS
from fairlead.fleet.desired_state import EngineKind
from prove import engine_table

OF_SGLANG: Final = (*sglang_checks.REFUSAL_CHECKS, *sglang_warnings.WARNING_CHECKS)
OF_TENSORRT: Final = (*tensorrt_checks.REFUSAL_CHECKS, *tensorrt_warnings.WARNING_CHECKS)
PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "engines.md"


def test_the_committed_page_is_the_one_the_tables_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == engine_table.page(), (
        "run `python -m prove.engine_table > docs/reference/engines.md`"
    )


def test_the_command_that_makes_the_page_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    engine_table.main()

    assert capsys.readouterr().out == engine_table.page()


def test_no_engine_goes_unmentioned() -> None:
    assert engine_table.kinds() == set(EngineKind)


@pytest.mark.parametrize(
    "rule",
    [*REFUSAL_CHECKS, *WARNING_CHECKS, *cpu_warnings.WARNING_CHECKS, *OF_SGLANG, *OF_TENSORRT],
    ids=lambda rule: rule.__name__,
)
def test_every_rule_says_what_it_mirrors(rule: RefusalCheck | WarningCheck) -> None:
    assert rule.__doc__


def test_no_rule_is_listed_twice() -> None:
    assert len({*REFUSAL_CHECKS}) == len(REFUSAL_CHECKS)
    assert len({*WARNING_CHECKS}) == len(WARNING_CHECKS)
    assert len({*OF_SGLANG}) == len(OF_SGLANG)
    assert len({*OF_TENSORRT}) == len(OF_TENSORRT)
