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
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Attribute(value=module, attr=name) if name in PARSERS.get(ast.unparse(module), ()):
                yield f"{ast.unparse(module)}.{name}", node.lineno
            case ast.ImportFrom(module=str(named), names=names):
                yield from ((f"{named}.{one.name}", node.lineno) for one in names if one.name in PARSERS.get(named, ()))
            case ast.Await(value=ast.Call(func=ast.Attribute(attr="json"))):
                yield "await ….json()", node.lineno
            case ast.Attribute(attr=name) if name in METHODS:
                yield name, node.lineno


if __name__ == "__main__":
    sys.exit(main())
