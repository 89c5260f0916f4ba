"""`python -m house.engine_names`: what an engine's kind is stands in `fairlead.engines` and nowhere else.

A variable, a metric, a header, a route or a module of one kind that is named elsewhere has to be found again for each
new kind; so does a decision by a kind's name. Each exception is listed here, with its reason.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from house import tree

PACKAGE: Final = Path("operator/fairlead")
ROOM: Final = PACKAGE / "engines"
NAMES: Final = re.compile(
    r"\b(?:VLLM|SGLANG|TLLM|TRTLLM)_[A-Z]\w*|\b(?:vllm|sglang):\w*|\btrtllm_\w*|(?i:\bx-(?:vllm|override)-[\w-]*)"
    r"|/(?:sleep|wake_up)\b|\w*load_lora_adapter"
)
"""Variables, metrics, headers and routes. Sentences for users may name a kind."""
MODULES: Final = re.compile(r"fairlead\.(?:engines|emulator)\.(?:vllm|sglang|tensorrt_llm)\b.*")
KINDS: Final = "EngineKind"
EXPOSED: Final = "families that the emulator exposes: metrics are written by telemetry, which sees no engines"
EXCEPTIONS: Final = {
    "api/deployment_conversion.py": "the loader of adapters runs in our own image, which an emulated kind has",
    "api/engine.py": "the kind of a spec that names none, and one with which users may try it",
    "cli/vllm_check.py": "`--with-vllm` is about this kind alone",
    "emulator/": "speaks as each kind does: a folder for each, and a surface that is vLLM's as far as others share it",
    "simulator/sweep/": "the first sweeps name no kind: vLLM was the only one that could be swept",
    "telemetry/engine_families.py": EXPOSED,
    "telemetry/sglang_families.py": EXPOSED,
    "telemetry/tensorrt_families.py": EXPOSED,
}
"""Files, and folders with all that is in them."""


def main() -> int:
    """Check the package; return 0 with one line of figures, 1 with one line for each violation."""
    files = [path for path in tree.python_files(tree.ROOT) if path.is_relative_to(PACKAGE)]
    found = {path: list(names((tree.ROOT / path).read_text(encoding="utf-8"))) for path in files}
    wrong = list(violations(found))
    print("\n".join(wrong) if wrong else f"engine names: one room in {len(files)} files, {len(EXCEPTIONS)} exceptions")
    return 1 if wrong else 0


def violations(found: Mapping[Path, list[tuple[str, int]]]) -> Iterator[str]:
    """Yield names outside the room and its exceptions, and exceptions that nothing needs."""
    unused = set(EXCEPTIONS)
    for path, named in found.items():
        excepted = _exception(path)
        unused -= {excepted} if named and excepted else set()
        if excepted is None and not path.is_relative_to(ROOM):
            yield from (f"{path}:{line}: {name}: make it a member of EngineDescription" for name, line in named)
    yield from (
        f"house/engine_names.py:1: {name}: names no engine any more: remove the exception" for name in sorted(unused)
    )


def _exception(path: Path) -> str | None:
    inside = path.relative_to(PACKAGE).as_posix()
    return next((one for one in EXCEPTIONS if inside == one or (one.endswith("/") and inside.startswith(one))), None)


def names(text: str) -> Iterator[tuple[str, int]]:
    """Yield what a file names of one kind, and the line; docstrings may name everything."""
    module = ast.parse(text)
    prose = {id(statement.value) for statement in ast.walk(module) if isinstance(statement, ast.Expr)}
    for node in ast.walk(module):
        match node:
            case ast.ImportFrom(module=str(origin), names=found):
                imported = (f"{origin}.{one.name}" for one in found)
                yield from ((one, node.lineno) for one in imported if MODULES.fullmatch(one))
            case ast.Attribute(value=ast.Name(id=name), attr=kind) if name == KINDS and kind.isupper():
                yield f"{KINDS}.{kind}", node.lineno
            case ast.Constant(value=str() | bytes() as written) if id(node) not in prose:
                words = written if isinstance(written, str) else written.decode(errors="replace")
                yield from ((match[0], node.lineno) for match in NAMES.finditer(words))


if __name__ == "__main__":
    sys.exit(main())
