"""The claims about maintainability: no import cycles, names of the field, paths that can be followed."""

from typing import Final

from prove import architecture_page, programs, ways
from prove.architecture_page import MAX_OF_A_SAMPLE
from prove.claims import Claim, Figure
from tests.house import recipes


def names_circles_and_words() -> Figure:
    """All three, as in `make check`."""
    ran = [programs.module(f"house.{step}") for step in ("names", "circles", "words")]
    return Figure(holds=all(one.ok for one in ran), text="; ".join(one.output.strip().splitlines()[-1] for one in ran))


def recipes_are_short() -> Figure:
    """Each in its own copy of the tree, and an engine kind by a test of its own."""
    ran = programs.pytest("tests/house/test_recipes.py", "tests/engines/test_another_kind.py", "-m", RECIPES)
    files = ", ".join(f"{one.name} {len(one.files)} of {one.max_files}" for one in recipes.RECIPES)
    return Figure(
        holds=ran.ok and ran.tests.all_passed,
        text=f"product files touched, of at most: {files}, an engine kind one folder and one row; {ran.tests.passed} "
        f"stories, `make check` passes after each",
    )


def ways_are_counted() -> Figure:
    """Recorded again, and compared with the page."""
    gone = ways.all_ways()
    text = architecture_page.PAGE.read_text(encoding="utf-8")
    stale = [name for name, way in gone.items() if architecture_page.row(name, way) not in text]
    sample = len(architecture_page.forms(gone["sample"]))
    counted = "; ".join(
        f"{name}: {len(way.frames)} functions, {len(way.files)} files, {len(architecture_page.forms(way))} forms"
        for name, way in gone.items()
    )
    stale_words = f"; docs/architecture.md is stale: {', '.join(stale)}" if stale else ""
    return Figure(holds=sample <= MAX_OF_A_SAMPLE and not stale, text=f"{counted}{stale_words}")


RECIPES: Final = "recipe or not (house or node or apiserver or vllm or conformance)"

CLAIMS: Final = (
    Claim(
        item="house.7",
        title="No circle of files in the product, type-only imports counted; class names are unique in a layer, and "
        'modules are nouns by the glossary\'s list; no word of its "not" column in code, messages or docs',
        prove=names_circles_and_words,
    ),
    Claim(
        item="house.8",
        title="The recipes of CONTRIBUTING.md, executed on a copy: a vLLM flag touches at most 3 files of the product, "
        "a scorer 2, a signal 3, a condition 2, an engine kind one folder and one row; `make check` passes after "
        "each",
        prove=recipes_are_short,
        slow=True,
    ),
    Claim(
        item="house.10",
        title="A request's, a field's and a sample's way are counted by a program and shown on one page, "
        f"docs/architecture.md; a sample takes at most {MAX_OF_A_SAMPLE} forms from scrape to replica count",
        prove=ways_are_counted,
    ),
)
