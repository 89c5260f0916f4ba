"""Which files become machine code, and which others could change what becomes of them.

The list is compiled.txt, beside this file: what every request or chunk passes through, and every step of a simulation.
Left out is what compiled code cannot be: shapes that msgspec reads, named tuples, what `pickle` takes from one process
to another, and classes that a class elsewhere inherits from.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

LIST: Final = "devcluster/image/compiled.txt"
PACKAGE: Final = "fairlead"


def listed(checkout: Path) -> tuple[str, ...]:
    """Their places below the sources; none in a checkout of a time before there was a list."""
    place = checkout / LIST
    return tuple(place.read_text(encoding="utf-8").split()) if place.exists() else ()


def read_by(sources: Mapping[str, bytes], files: tuple[str, ...]) -> list[str]:
    """These files and all that they import, in turn: an edit of one of them makes others be compiled anew."""
    found, waiting = set[str](), list(files)
    while waiting:
        name = waiting.pop()
        if name not in found and name in sources:
            found.add(name)
            waiting.extend(_imported(sources[name]))
    return sorted(found)


def _imported(source: bytes) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.split(".")[0] == PACKAGE:
            place = node.module.replace(".", "/")
            yield from (f"{place}.py", f"{place}/__init__.py")
            yield from (f"{place}/{one.name}.py" for one in node.names)
            yield from (f"{place}/{one.name}/__init__.py" for one in node.names)
