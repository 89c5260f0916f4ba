"""The recipes of CONTRIBUTING.md, each carried out on a copy of the tree: few files, and `make check` still passes."""

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from house import tree
from house.check import surroundings
from tests.house.recipes import RECIPES, Recipe
from tests.house.test_contracts_bite import copied, make_check, started

THEN = ("generated", "format")
"""What CONTRIBUTING says to type afterwards."""


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_it_touches_few_files_of_the_product_and_is_written_down(recipe: Recipe) -> None:
    rules = (tree.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert len(recipe.files) <= recipe.max_files
    section = rules.partition("## Recipes")[2].partition("\n## ")[0]
    row = next(line for line in section.splitlines() if line.startswith(f"| {recipe.name} |"))
    assert [path for path in recipe.files if f"`{path.relative_to('operator/fairlead')}`" not in row] == []


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_text_after_which_a_recipe_inserts_is_in_the_tree(recipe: Recipe, tmp_path: Path) -> None:
    for path in {edit.path for edit in recipe.edits if edit.after}:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(tree.ROOT / path, tmp_path / path)
    for edit in recipe.edits:
        (tmp_path / edit.path).parent.mkdir(parents=True, exist_ok=True)
        edit.apply(tmp_path)


@pytest.mark.recipe
def test_the_check_passes_after_all_of_them(tmp_path: Path) -> None:
    """Together, and without the tests, which run for minutes."""
    copy = carried_out(RECIPES, tmp_path)
    checked = started([sys.executable, "-m", "house.check", "--without", "tests"], copy, surroundings(copy))
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.recipe
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_check_passes_after_it(recipe: Recipe, tmp_path: Path) -> None:
    checked = make_check(carried_out([recipe], tmp_path))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def carried_out(recipes: Iterable[Recipe], folder: Path) -> Path:
    """A copy of the tree in which somebody followed them."""
    copy = copied(folder)
    for edit in (edit for recipe in recipes for edit in recipe.edits):
        edit.apply(copy)
    made = started(["make", "--no-print-directory", *THEN, f"VENV={sys.prefix}"], copy)
    assert made.returncode == 0, made.stderr
    return copy
