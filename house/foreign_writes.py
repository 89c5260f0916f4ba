"""`python -m house.foreign_writes`: an object's fields are written by its own methods, in the router's files.

What becomes of a request is decided in many files. If each may set each field, no file says what a field means.
Calls are not followed: a list that one object hands out can still be changed by another.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from house import tree

ROOM: Final = Path("operator/fairlead/router")
RECORDS: Final = ROOM / "observability"
RECORD_FILES: Final = frozenset({"recorder.py", "request_identity.py", "request_record.py", "request_trace.py"})
"""Of the files there, those that record one request; the others count, each in its own rows."""
EXEMPT: Final[Mapping[str, str]] = {
    "peer_reports.py": "takes the datagrams out of its own group's outbox",
    "process.py": "completes the router before it serves",
    "shared_budgets.py": "the budgets are divided by what the store answers",
    "shared_store.py": "connects the store and the cache that uses it",
    "spending_accounts.py": "applies a configuration to the budgets that it keeps",
    "target_costs.py": "the attempts and replicas that it meters are rows of its own table",
    "tls.py": "the standard library's context is set up by its fields",
}
"""Files that no request passes through, or that own what they write: each with its reason."""
OWN: Final = frozenset({"self", "cls"})


def main() -> int:
    """Check the files; return 0 with one line of figures, 1 with one line for each violation."""
    paths = [path for path in tree.python_files(tree.ROOT) if is_checked(path)]
    wrong = [line for path in paths for line in violations(path, (tree.ROOT / path).read_text(encoding="utf-8"))]
    print("\n".join(wrong) if wrong else f"writes: {len(paths)} files write only fields of their own objects")
    return 1 if wrong else 0


def is_checked(path: Path) -> bool:
    """Whether the rule holds in this file."""
    return (path.parent == ROOM and path.name not in EXEMPT) or (path.parent == RECORDS and path.name in RECORD_FILES)


def violations(path: Path, text: str) -> Iterator[str]:
    """Yield each store to a field of an object that the function has not constructed, and whatever invites others."""
    parsed = ast.parse(text, filename=str(path))
    for line, written in _stores(parsed, frozenset()):
        yield (
            f"{path}:{line}: {written} is another object's: give its class a method that says what happens, and call it"
        )
    for line, name in _writable(parsed):
        yield f"{path}:{line}: {name}: a Protocol's field could be set by others: declare a read-only property"


def _writable(parsed: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the fields that a Protocol declares as variables."""
    for node in ast.walk(parsed):
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "Protocol" for base in node.bases):
            for one in node.body:
                if isinstance(one, ast.AnnAssign):
                    yield one.lineno, f"{node.name}.{ast.unparse(one.target)}"


def _stores(node: ast.AST, made: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield stores in a function, whose inner functions see what it constructs."""
    bound = Counter(name for one in _within(node) for name in _bound(one))
    constructed = Counter(name for one in _within(node) for name in _constructed(one))
    made = (made - bound.keys()) | {name for name, times in constructed.items() if times == bound[name]}
    for one in _within(node):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _stores(one, made)
        elif (written := _written(one)) is not None and not _is_own(written, made):
            yield written.lineno, ast.unparse(written)


def _within(node: ast.AST) -> Iterator[ast.AST]:
    """Yield everything below a function, inner functions themselves but not what is in them."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _within(child)


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the name that this gives a value to: a parameter, or whatever is assigned."""
    if isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id


def _written(node: ast.AST) -> ast.expr | None:
    """Return the field that is set or deleted here; for `setattr`, the object."""
    if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
        return node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("setattr", "delattr"):
        return ast.Attribute(value=node.args[0], attr="*", ctx=ast.Store(), lineno=node.lineno, col_offset=0)
    return None


def _is_own(written: ast.expr, made: frozenset[str]) -> bool:
    owner = written.value if isinstance(written, ast.Attribute) else written
    return isinstance(owner, ast.Name) and owner.id in OWN | made


def _constructed(node: ast.AST) -> Iterator[str]:
    """Yield the names that an assignment gives to a new object: a call of a class, whose name begins with a capital."""
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(target.elts, node.value.elts, strict=False))
        yield from (name.id for name, value in pairs if isinstance(name, ast.Name) and _is_new(value))


def _is_new(value: ast.expr) -> bool:
    if not isinstance(value, ast.Call):
        return False
    called = value.func.attr if isinstance(value.func, ast.Attribute) else ast.unparse(value.func)
    return called.lstrip("_")[:1].isupper()


if __name__ == "__main__":
    sys.exit(main())
