"""What a set of tests can reach: modules of this tree that they import, also indirectly, and every non-module file.

Reads import lines only, wherever they are, so it may report too much but never too little; it runs nothing.
"""

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

from house import tree

_IMPORT: Final = re.compile(r"^[ \t]*import[ \t]+([\w., \t]+)", re.MULTILINE)
_FROM: Final = re.compile(r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)", re.MULTILINE)
_COMMENT: Final = re.compile(r"#[^\n]*")
_NAME: Final = re.compile(r"(\w+)(?:\s+as\s+\w+)?")
SOURCE_ROOT: Final = "operator"
"""The only folder whose name is no part of a module name."""


def key(root: Path, tests: Iterable[str], *, prose: bool = False) -> str:
    """A digest that is equal while nothing changed that these tests could notice; some tests read prose too."""
    files = tree.files(root)
    modules = {module(path): path for path in files if path.suffix == ".py"}
    request = tuple(tests)
    wanted = [name for name, path in modules.items() if _below(path, request)]
    wanted += [f"{package}.conftest" for name in wanted for package in _packages(name)]
    found = {modules[name] for name in closure(root, modules, wanted)}
    digest = hashlib.sha256("\0".join((sys.version, *request)).encode())
    for path in files:
        if path in found or (path.suffix != ".py" and (prose or not is_prose(path))):
            digest.update(f"\0{path}\0".encode())
            digest.update((root / path).read_bytes())
    return digest.hexdigest()


def is_prose(path: Path) -> bool:
    """Whether a file is only for people or for CI: tests of rooms that decide never open it, those of the house do."""
    folder, *rest = path.parts
    if folder == "docs":
        return rest[0] != "reference"
    return folder in {"changes", "fuzz", ".ci"} or (path.suffix == ".md" and not rest)


def module(path: Path) -> str:
    """The name by which a file is imported."""
    parts = list(PurePosixPath(path).with_suffix("").parts)
    if parts[0] == SOURCE_ROOT:
        del parts[0]
    if parts[-1] == "__init__":
        del parts[-1]
    return ".".join(parts)


def closure(root: Path, modules: Mapping[str, Path], wanted: Iterable[str]) -> set[str]:
    """These modules and all that they import, with their parent packages."""
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name in found or name not in modules:
            continue
        found.add(name)
        waiting.extend(_packages(name))
        waiting.extend(_imported_once((root / modules[name]).read_text(encoding="utf-8")))
    return found


@cache
def _imported_once(text: str) -> tuple[str, ...]:
    """Several sets of tests reach the same files."""
    return tuple(imported(text))


def imported(text: str) -> Iterator[str]:
    """Every name that an import line may mean: what follows `import` can be a module or a value."""
    for names in _IMPORT.findall(text):
        for name in names.split(","):
            yield name.split(" as ")[0].strip()
    for package, names in _FROM.findall(text):
        yield package
        for name in _NAME.findall(_COMMENT.sub("", names)):
            yield f"{package}.{name}"


def _packages(name: str) -> list[str]:
    """Its parent packages; pytest imports the `conftest` of each for a test, but not for what the test imports."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _below(path: Path, folders: tuple[str, ...]) -> bool:
    name = path.as_posix()
    return any(name == folder or name.startswith(f"{folder}/") for folder in folders)
