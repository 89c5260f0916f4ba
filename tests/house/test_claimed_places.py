"""A claim that names a test file names an existing one, after every move."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from house.tree import ROOT

CLAIMED = sorted((ROOT / "prove" / "claimed").glob("*.py"))


def constants(tree: ast.Module) -> dict[str, str]:
    """Named plain texts, since f-strings begin with them."""
    return {
        one.target.id: one.value.value
        for one in tree.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
        if isinstance(one.value, ast.Constant) and isinstance(one.value.value, str)
    }


def text(node: ast.AST, named: Mapping[str, str]) -> str | None:
    """The value of a text, if it is known statically."""
    match node:
        case ast.Constant(value=str(literal)):
            return literal
        case ast.FormattedValue(value=ast.Name(id=name)):
            return named.get(name)
        case ast.JoinedStr(values=parts):
            texts = [text(part, named) for part in parts]
            return None if None in texts else "".join(part for part in texts if part)
        case _:
            return None


def places(source: str) -> Iterator[str]:
    """Every path below tests/ that a module names."""
    tree = ast.parse(source)
    named = constants(tree)
    texts = (text(node, named) for node in ast.walk(tree) if isinstance(node, (ast.Constant, ast.JoinedStr)))
    yield from (one.partition("::")[0] for one in texts if one and one.startswith("tests/"))


@pytest.mark.parametrize("module", CLAIMED, ids=lambda path: path.stem)
def test_what_a_claim_runs_is_there(module: Path) -> None:
    assert [place for place in places(module.read_text(encoding="utf-8")) if not (ROOT / place).exists()] == []


def test_a_place_that_begins_with_a_name_is_read_too() -> None:
    source = 'HERE: Final = "tests/node"\nran = run(f"{HERE}/gone.py::story", f"{HERE}/{name}.py", "tests/kept.py")\n'
    assert sorted(places(source)) == ["tests/kept.py", "tests/node", "tests/node/gone.py"]
