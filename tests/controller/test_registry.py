"""The list of properties names existing tests, and each test that claims a property is in the list."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

from tests.controller.registry import PROPERTIES

ROOT: Final = Path(__file__).resolve().parents[2]


@cache
def docstrings(path: str) -> dict[str, str]:
    """Every test of a file, with its docstring."""
    found = ast.parse((ROOT / path).read_text()).body
    functions = (one for one in found if isinstance(one, ast.FunctionDef) and one.name.startswith("test_"))
    return {one.name: ast.get_docstring(one) or "" for one in functions}


def test_every_property_has_its_place_once() -> None:
    assert [one.number for one in PROPERTIES] == [f"P{number}" for number in range(1, 33)]
    assert [one.number for one in PROPERTIES if not (one.tests or one.later)] == []


def test_every_test_that_is_named_is_there() -> None:
    for one in PROPERTIES:
        for named in one.tests:
            path, _, name = named.partition("::")
            assert name in docstrings(path), named


def test_every_test_that_claims_a_property_is_named() -> None:
    here = sorted(Path(__file__).parent.glob("test_*.py"))
    claimed = {
        (f"P{number}", f"tests/controller/{path.name}::{name}")
        for path in here
        for name, words in docstrings(f"tests/controller/{path.name}").items()
        for number in re.findall(r"\bP(\d+)\b", words)
    }
    assert claimed <= {(one.number, named) for one in PROPERTIES for named in one.tests}
