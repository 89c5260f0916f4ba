"""`python -m house.readers`: JSON and YAML that others wrote are read by `fairlead.documents` alone.

A parser that is called directly fails in its own way on what nests too deeply, and whoever calls it next forgets that
again. Each exception is listed here, with its reason.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from house import tree

PACKAGE: Final = Path("operator/fairlead")
ROOM: Final = PACKAGE / "documents"
PARSERS: Final[Mapping[str, frozenset[str]]] = {
    "json": frozenset({"load", "loads", "JSONDecoder"}),
    "json.decoder": frozenset({"JSONDecoder"}),
    "yaml": frozenset(
        {
            *("load", "load_all", "safe_load", "safe_load_all", "full_load", "full_load_all"),
            *("unsafe_load", "unsafe_load_all", "parse", "scan", "compose", "compose_all"),
        }
    ),
    "msgspec.json": frozenset({"decode", "Decoder"}),
    "msgspec.yaml": frozenset({"decode"}),
    "tomllib": frozenset({"load", "loads"}),
}
METHODS: Final = frozenset({"model_validate_json", "validate_json"})
"""Of pydantic, which parses text."""
DATA_PATH: Final = "each request passes here: typed decoders whose callers catch RecursionError, fuzzed by themselves"
OWN: Final = "typed records that Fairlead itself wrote; what is none of these counts as absent"
EXCEPTIONS: Final = {
    "api/object_reader.py": "validates what a reader returned, written again",
    "autoscaler/memory_store.py": OWN,
    "cli/vllm_check_script.py": "runs in an interpreter that has vLLM and no Fairlead",
    "cluster/nested_json.py": "keeps the rest of an object of which one field nests too deeply",
    "emulator/surface/fields.py": "answers as vLLM's server does, which reads UTF-16 and names the character at fault",
    "process/engine_requests.py": DATA_PATH,
    "router/cache/": DATA_PATH,
    "router/config/user_file.py": "validates what a reader returned, written again",
    "router/early_streams.py": DATA_PATH,
    "router/permit_requests.py": DATA_PATH,
    "router/retried_bodies.py": DATA_PATH,
    "router/spending_pages.py": DATA_PATH,
    "router/wire/": DATA_PATH,
    "routing/answers/": DATA_PATH,
    "scaling/explain/record_codec.py": OWN,
}
"""Files, and folders with all that is in them."""


def main() -> int:
    """Check the package; return 0 with one line of figures, 1 with one line for each violation."""
    files = [path for path in tree.python_files(tree.ROOT) if path.is_relative_to(PACKAGE)]
    calls = {path: list(parsers((tree.ROOT / path).read_text(encoding="utf-8"))) for path in files}
    wrong = list(violations(calls))
    print("\n".join(wrong) if wrong else f"readers: one room in {len(files)} files, {len(EXCEPTIONS)} exceptions")
    return 1 if wrong else 0


def violations(calls: Mapping[Path, list[tuple[str, int]]]) -> Iterator[str]:
    """Yield calls of parsers outside the room and its exceptions, and exceptions that nothing needs."""
    unused = set(EXCEPTIONS)
    for path, found in calls.items():
        excepted = _exception(path)
        unused -= {excepted} if found and excepted else set()
        if excepted is None and not path.is_relative_to(ROOM):
            yield from (f"{path}:{line}: {name}: use fairlead.documents" for name, line in found)
    yield from (
        f"house/readers.py:1: {name}: calls no parser any more: remove the exception" for name in sorted(unused)
    )


def _exception(path: Path) -> str | None:
    inside = path.relative_to(PACKAGE).as_posix()
    return next((one for one in EXCEPTIONS if inside == one or (one.endswith("/") and inside.startswith(one))), None)


def parsers(text: str) -> Iterator[tuple[str, int]]:
    """Yield the parsers that a file names, and the line."""
    module = ast.parse(text)
    names = _imported(module)
    for node in ast.walk(module):
        match node:
            case ast.ImportFrom(module=str(origin), names=found, level=0):
                yield from ((f"{origin}.{one.name}", node.lineno) for one in found if _parses(f"{origin}.{one.name}"))
            case ast.Call(func=ast.Attribute(attr="json"), args=[], keywords=[]):
                yield "….json()", node.lineno
            case ast.Attribute(attr=name) if name in METHODS:
                yield name, node.lineno
            case ast.Attribute() if _parses(origin := _origin(node, names)):
                yield origin, node.lineno


def _imported(module: ast.Module) -> dict[str, str]:
    """What each imported name stands for."""
    found = dict[str, str]()
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                found |= {one.asname: one.name for one in names if one.asname is not None}
            case ast.ImportFrom(module=str(origin), names=names, level=0):
                found |= {one.asname or one.name: f"{origin}.{one.name}" for one in names}
    return found


def _origin(node: ast.Attribute, names: Mapping[str, str]) -> str:
    """The full name of what is named here."""
    first, _, rest = ast.unparse(node).partition(".")
    return f"{names.get(first, first)}.{rest}"


def _parses(origin: str) -> bool:
    module, _, name = origin.rpartition(".")
    return name in PARSERS.get(module, ())


if __name__ == "__main__":
    sys.exit(main())
