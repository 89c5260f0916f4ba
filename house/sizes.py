"""`python -m house.sizes`: size budgets, so that a file is read in one sitting and a function at a glance.

The figures come from the upper half of the code bases we learnt from; CONTRIBUTING.md says which number is an aim (the
medians, printed) and which is a limit (the maxima, checked).
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from house import layout, tree

FILE_LINES: Final = 300
STATE_MACHINE_LINES: Final = 500
STATE_MACHINES: Final = {
    "operator/fairlead/controller/reconcile.py": "the four verbs of one reconcile, and what each hands to the next",
    "operator/fairlead/router/cache/flights.py": "one response for several requests: who leads, who follows",
    "operator/fairlead/router/exchange.py": "the states of one request, from its head to the last byte of its reply",
    "operator/fairlead/simulator/engine/core.py": "the scheduler of one engine, step by step as vLLM takes them",
}
"""Files that are one idea and would hide it if they were split: each with its reason."""
FUNCTION_LINES: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One file and its functions, measured in lines."""

    path: Path
    lines: int
    functions: tuple[tuple[str, int, int], ...]
    """Name, first line, number of lines."""


def main() -> int:
    """Check the whole tree; return 0 with one line of figures, 1 with one line for each violation."""
    paths = tree.python_files(tree.ROOT)
    measured = [measure(path, (tree.ROOT / path).read_text(encoding="utf-8")) for path in paths]
    wrong = [
        *layout.violations(tree.files(tree.ROOT)),
        *(line for each in measured for line in violations(each)),
    ]
    print("\n".join(wrong) if wrong else summary(measured))
    return 1 if wrong else 0


def measure(path: Path, text: str) -> Measured:
    """Count lines of the file and of every function, methods and inner functions included."""
    functions = tuple(
        (node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(ast.parse(text, filename=str(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return Measured(path=path, lines=len(text.splitlines()), functions=functions)


def violations(measured: Measured) -> Iterator[str]:
    """Yield what is over a limit, as `path:line: what: what to do`."""
    most = STATE_MACHINE_LINES if str(measured.path) in STATE_MACHINES else FILE_LINES
    if measured.lines > most:
        yield (
            f"{measured.path}:{most + 1}: file has {measured.lines} lines, at most {most}: "
            "split it where its docstring needs an 'and'"
        )
    for name, line, lines in measured.functions:
        if lines > FUNCTION_LINES:
            yield (
                f"{measured.path}:{line}: function {name} has {lines} lines, at most {FUNCTION_LINES}: "
                "give each of its steps a name and a function, or turn its table into a constant"
            )


def summary(measured: Sequence[Measured]) -> str:
    """The figures to watch over months, in one line."""
    files = [each.lines for each in measured]
    functions = [lines for each in measured for _, _, lines in each.functions]
    return (
        f"sizes: {len(files)} files of {_spread(files)} lines, "
        f"{len(functions)} functions of {_spread(functions)} lines (median/p90/max)"
    )


def _spread(lines: Sequence[int]) -> str:
    ordered = sorted(lines) or [0]
    median, p90 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.9))
    return f"{median}/{p90}/{ordered[-1]}"


if __name__ == "__main__":
    sys.exit(main())
