"""`python -m house.names`: module names are nouns, and class names are unique within their layer.

The words are those of docs/glossary.md, as house/words.py reads it; pyproject.toml, where imports are checked, defines
which rooms form a layer.
"""

import ast
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from house import tree, words

PACKAGE: Final = Path("operator/fairlead")
CONTRACT: Final = "every room has a place"
NOUNS: Final = frozenset(
    {
        "capacity_planning",
        "consistent_hashing",
        "engine_timing",
        "fencing",
        "overprovisioning",
        "sampling",
        "sharding",
        "value_mapping",
    }
)
"""Module names that end in -ing and are nouns of the field."""


def main() -> int:
    """Check the package; return 0 with one line of figures, 1 with one line for each violation."""
    files = [path for path in tree.python_files(tree.ROOT) if path.is_relative_to(PACKAGE)]
    contracts = tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(one["layers"] for one in contracts["contracts"] if one["name"].startswith(CONTRACT))
    classes = {path: tuple(_classes((tree.ROOT / path).read_text(encoding="utf-8"))) for path in files}
    vocabulary = words.read((tree.ROOT / words.GLOSSARY).read_text(encoding="utf-8"))
    wrong = [
        *vague(files, vocabulary),
        *shared(classes, [tuple(layer.replace(" ", "").split("|")) for layer in layers]),
    ]
    print("\n".join(wrong) if wrong else f"names: {len(files)} modules, {sum(map(len, classes.values()))} classes")
    return 1 if wrong else 0


def vague(files: Sequence[Path], vocabulary: words.Vocabulary) -> Iterator[str]:
    """Yield modules whose name is no noun, or is in the glossary's "not" column."""
    for path in files:
        verb = path.stem.endswith("ing") and path.stem not in NOUNS
        if verb or vocabulary.in_name(path.stem):
            yield f"{path}:1: module {path.stem}: a module is called by a noun for what it knows (docs/glossary.md)"


def shared(classes: Mapping[Path, Sequence[tuple[str, int]]], layers: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield class names that occur twice in the rooms of one layer."""
    level = {room: number for number, layer in enumerate(layers) for room in layer}
    places: dict[tuple[int, str], list[str]] = defaultdict(list)
    for path, found in classes.items():
        room = path.relative_to(PACKAGE).parts[0]
        for name, line in found:
            places[level.get(room, -1), name].append(f"{path}:{line}")
    for (_, name), where in places.items():
        for one in where[1:]:
            yield f"{one}: class {name} is also in {where[0]}: give one of them the name of what only it is"


def _classes(text: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            yield node.name, node.lineno


if __name__ == "__main__":
    sys.exit(main())
