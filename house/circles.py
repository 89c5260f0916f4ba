"""`python -m house.circles`: checks all Python files for import cycles, type-only imports included.

Files in an import cycle can only be read, tested and changed together, whatever causes the cycle: an import under
TYPE_CHECKING or inside a function hides it from Python but not from the reader.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Final

from house import tree

SOURCE: Final = Path("operator")
Imports = Mapping[Path, Mapping[Path, int]]
"""For each file: the files it imports, and the line of the first import."""


def main() -> int:
    """Check the tree; return 0 with one line of figures, 1 with one line for each cycle."""
    files = tree.python_files(tree.ROOT)
    found = imports({path: (tree.ROOT / path).read_text(encoding="utf-8") for path in files})
    wrong = list(violations(found))
    print(
        "\n".join(wrong) if wrong else f"circles: none in {len(found)} files, {sum(map(len, found.values()))} imports"
    )
    return 1 if wrong else 0


def imports(texts: Mapping[Path, str]) -> Imports:
    """Which of these files imports which, wherever the import is in a file."""
    paths = {_module(path): path for path in texts}
    found: dict[Path, dict[Path, int]] = {}
    for path, text in texts.items():
        lines = found[path] = {}
        for name, line in _imported(ast.parse(text)):
            other = paths.get(name) or paths.get(name.rpartition(".")[0], path)
            if other != path:
                lines.setdefault(other, line)
    return found


def violations(found: Imports) -> Iterator[str]:
    """Yield cycles, each at one of its imports; no import is reported twice."""
    left = {path: set(imported) for path, imported in found.items()}
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as circle:
            ring: list[Path] = circle.args[1][::-1]
            for path, imported in pairwise(ring):
                left[path].discard(imported)
            yield _shown(ring, found)
        else:
            return


def _shown(ring: list[Path], found: Imports) -> str:
    start = ring.index(min(ring))
    ring = [*ring[start:-1], *ring[:start], ring[start]]
    return (
        f"{ring[0]}:{found[ring[0]][ring[1]]}: {len(ring) - 1} files import each other in a circle: "
        f"{' -> '.join(_module(path) for path in ring)}: "
        "pass a value, or name what one needs of the other as a Protocol where it is used"
    )


def _module(path: Path) -> str:
    parts = (path.relative_to(SOURCE) if path.is_relative_to(SOURCE) else path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(text: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(text):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((f"{node.module}.{one.name}", node.lineno) for one in node.names)
        elif isinstance(node, ast.Import):
            yield from ((one.name, node.lineno) for one in node.names)


if __name__ == "__main__":
    sys.exit(main())
