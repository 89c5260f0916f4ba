"""The product's source as syntax trees: the names a module defines or imports, and the statement around a node."""

import ast
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias

from house import tree

PACKAGE: Final = Path("operator/fairlead")
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Assigning: TypeAlias = ast.Assign | ast.AnnAssign | ast.AugAssign
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Definition:
    """The definition of a name, and its module."""

    node: Function | ast.ClassDef | ast.expr
    module: "SourceModule"


@dataclass(frozen=True, eq=False)
class SourceModule:
    """One file of the product."""

    path: str
    """Path below `operator/fairlead`."""
    tree: ast.Module

    @cached_property
    def parents(self) -> Mapping[ast.AST, ast.AST]:
        """The node around each node, outer ones first."""
        found: dict[ast.AST, ast.AST] = {}
        waiting: deque[ast.AST] = deque((self.tree,))
        while waiting:
            node = waiting.popleft()
            inside = tuple(ast.iter_child_nodes(node))
            found.update(dict.fromkeys(inside, node))
            waiting.extend(inside)
        return found

    @property
    def nodes(self) -> Collection[ast.AST]:
        """Every node but the module itself, found in one walk: a walk takes longer than all other work."""
        return self.parents.keys()

    @cached_property
    def defined(self) -> Mapping[str, Function | ast.ClassDef | ast.expr]:
        """Functions, classes and constants of the module."""
        return dict(_defined(self.tree.body))

    @cached_property
    def methods(self) -> Mapping[str, tuple[Function, ...]]:
        """Methods by name; a name that several classes have is not followed."""
        found: dict[str, tuple[Function, ...]] = {}
        for node in self.nodes:
            for child in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(child, _FUNCTIONS):
                    found[child.name] = (*found.get(child.name, ()), child)
        return found

    @cached_property
    def imported(self) -> Mapping[str, str]:
        """Local names with their dotted origin."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        return found

    @cached_property
    def assignments(self) -> Mapping[ast.AST, Sequence[Assigning]]:
        """By function: its assignments, also those in inner functions, earliest first."""
        found: dict[ast.AST, list[Assigning]] = {}
        for node in self.nodes:
            if isinstance(node, Assigning):
                around = self.function_of(node)
                while around is not None:
                    found.setdefault(around, []).append(node)
                    around = self.function_of(around)
        return found

    def function_of(self, node: ast.AST) -> Function | None:
        """The function around a node."""
        at = self.parents.get(node)
        while at is not None and not isinstance(at, _FUNCTIONS):
            at = self.parents.get(at)
        return at

    def blocks_of(self, node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        """Every block of statements around a node, innermost first: its owner, and which of the owner's blocks."""
        at = node
        while (above := self.parents.get(at)) is not None:
            for name in ("body", "orelse", "finalbody", "handlers"):
                if at in (getattr(above, name, None) or ()) if isinstance(getattr(above, name, None), list) else False:
                    yield above, name
            at = above


class Sources:
    """Every file of the product, and the meaning of dotted names in them."""

    def __init__(self, root: Path = tree.ROOT) -> None:
        """Read and parse all files."""
        files = [path for path in tree.python_files(root) if path.is_relative_to(PACKAGE)]
        self.modules: Mapping[str, SourceModule] = {
            _dotted(path): SourceModule(
                str(path.relative_to(PACKAGE)), ast.parse((root / path).read_text(encoding="utf-8"))
            )
            for path in files
        }

    def meaning(self, module: SourceModule, name: ast.expr) -> Definition | None:
        """The definition of `name`, `module.name` or `self.name`, if the product has it."""
        if isinstance(name, ast.Name):
            return self._by_name(module, name.id)
        if not (isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name)):
            return None
        if name.value.id in {"self", "cls"}:
            found = module.methods.get(name.attr, ())
            return Definition(found[0], module) if len(found) == 1 else None
        other = self.modules.get(module.imported.get(name.value.id, ""))
        return self._by_name(other, name.attr) if other else None

    def _by_name(self, module: SourceModule, name: str) -> Definition | None:
        if name in module.defined:
            return Definition(module.defined[name], module)
        origin, _, attribute = module.imported.get(name, "").rpartition(".")
        other = self.modules.get(origin)
        return self._by_name(other, attribute) if other and other is not module else None


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to("operator").with_suffix("").parts)


def _defined(body: list[ast.stmt]) -> Iterator[tuple[str, Function | ast.ClassDef | ast.expr]]:
    for node in body:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            yield node.name, node
        elif isinstance(node, ast.Assign):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value
