"""The files that are compiled, and the others that could change the result.

The list is compiled.txt in this folder: the code of every request, chunk and simulation step. It excludes what cannot
be compiled: shapes that msgspec reads, named tuples, what `pickle` passes between processes, and classes that are
subclassed in other files.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

LIST: Final = "devcluster/image/compiled.txt"
PACKAGE: Final = "fairlead"
LIBRARIES: Final = {
    "fairlead.router.machine_code": ("fairlead/router/", "fairlead/routing/"),
    "fairlead.simulator.machine_code": ("fairlead/simulator/", "fairlead/backtest/"),
}
"""The code of these folders is one library each, in which calls between files are direct and the compiler sees both
sides; any other file is a library of its own."""


def listed(checkout: Path) -> tuple[str, ...]:
    """Their paths below the sources; none in a checkout from before there was a list."""
    place = checkout / LIST
    return tuple(place.read_text(encoding="utf-8").split()) if place.exists() else ()


def libraries(files: Iterable[str]) -> list[tuple[list[str], str | None]]:
    """The files of each common library, and its name as a module; none for a library without files."""
    every = tuple(files)
    found = [([one for one in every if one.startswith(folders)], name) for name, folders in LIBRARIES.items()]
    return [(together, name) for together, name in found if together]


def read_by(sources: Mapping[str, bytes], files: tuple[str, ...]) -> list[str]:
    """These files and all that they import, transitively: an edit of one of them changes others' compilation."""
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
