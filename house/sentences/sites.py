"""Finds sentences in the source: every literal of two words or more, with the whole expression around it.

Nothing is searched for by name, so nothing can be missed: a literal that is left out has a rule in `exemptions`.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from house.sentences.readings import PROSE, Frame, Reading, TextReader
from house.sentences.sources import Function, SourceModule, Sources

Literal: TypeAlias = ast.Constant | ast.JoinedStr
_OPEN: Final = (ast.JoinedStr, ast.FormattedValue, ast.BinOp, ast.BoolOp, ast.Starred, ast.Attribute)
_COUNTING: Final = frozenset({"count", "counted", "join", "str"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One expression that contains a sentence."""

    module: SourceModule
    node: ast.expr
    """The whole expression; a call if its `because` and `remedy` form one sentence."""
    inside: tuple[Literal, ...]
    reading: Reading
    callee: str = ""
    """The function called with it; empty: it is assigned, returned or kept in a table."""
    parameter: str = ""
    call: ast.Call | None = None

    @property
    def handed_over(self) -> bool:
        """Whether it is passed to a call, so that it is not merely part of a sentence."""
        return bool(self.callee)


class SiteFinder:
    """Finds the sites of one module after the other."""

    def __init__(self, sources: Sources) -> None:
        """Take these sources."""
        self._sources = sources
        self._reader = TextReader(sources)
        self._read_before: dict[int, Reading] = {}

    def sites(self, module: SourceModule) -> Iterator[Site]:
        """Yield every site, in file order."""
        found: dict[int, tuple[ast.expr, list[Literal]]] = {}
        for literal in _literals(module):
            node = self._whole(literal, module)
            found.setdefault(id(node), (node, []))[1].append(literal)
        sites = [self._site(node, tuple(inside), module) for node, inside in found.values()]
        yield from sites
        yield from self._by_name(module, {id(site.call) for site in sites})

    def _by_name(self, module: SourceModule, seen: set[int]) -> Iterator[Site]:
        """Yield calls that get a sentence by the name of a local variable."""
        for call in module.nodes:
            if not isinstance(call, ast.Call) or id(call) in seen:
                continue
            given = self._arguments(call, module)
            node = next((given[name] for name in ("because", "message", "remedy") if name in given), None)
            if node is None or not self._read(node, module).prose:
                continue
            found = self._site(call if self._pair(call, module) else node, (), module)
            yield replace(found, node=call)

    def _site(self, node: ast.expr, inside: tuple[Literal, ...], module: SourceModule) -> Site:
        if isinstance(node, ast.Call) and (pair := self._pair(node, module)):
            frame = Frame(module=module, function=module.function_of(node))
            return Site(
                module=module,
                node=node,
                inside=inside,
                reading=self._reader.read_pair(pair, frame),
                callee=_called(node),
                parameter="because",
                call=node,
            )
        call, parameter = self._handed_to(node, module)
        return Site(
            module=module,
            node=node,
            inside=inside,
            reading=self._read(node, module),
            callee=_called(call) if call else "",
            parameter=parameter,
            call=call,
        )

    def _read(self, node: ast.expr, module: SourceModule) -> Reading:
        if id(node) not in self._read_before:
            frame = Frame(module=module, function=module.function_of(node))
            self._read_before[id(node)] = self._reader.read(node, frame)
        return self._read_before[id(node)]

    def _whole(self, literal: Literal, module: SourceModule) -> ast.expr:
        """Go up from a literal while its parent is the same sentence."""
        node: ast.expr = literal
        while (above := module.parents.get(node)) is not None:
            if isinstance(above, ast.keyword):
                above = module.parents[above]
            if not isinstance(above, ast.expr) or not self._goes_on(node, above, literal, module):
                return node
            node = above
        return node

    def _goes_on(self, node: ast.expr, above: ast.expr, literal: Literal, module: SourceModule) -> bool:
        if isinstance(above, ast.Call):
            whole = node is above.func or bool(self._pair(above, module))
            return whole or (module.path, literal.lineno, literal.col_offset) in self._read(above, module).literals
        if isinstance(above, ast.Tuple):
            return not isinstance(node, ast.Tuple | ast.Call)
        if isinstance(above, ast.ListComp | ast.GeneratorExp):
            return _called(module.parents.get(above)) in _COUNTING
        return isinstance(above, _OPEN) or (isinstance(above, ast.IfExp) and node is not above.test)

    def _pair(self, call: ast.Call, module: SourceModule) -> list[ast.expr]:
        """The `because` and the `remedy` of one call, whichever helper gets them."""
        given = self._arguments(call, module)
        if "because" in given and "remedy" not in given:
            given |= self._remedy_of_helper(call, module)
        return [given[name] for name in ("because", "remedy") if name in given] if "remedy" in given else []

    def _remedy_of_helper(self, call: ast.Call, module: SourceModule) -> dict[str, ast.expr]:
        """The remedy that a function of the same file always passes."""
        meant = self._sources.meaning(module, call.func)
        if meant is None or meant.module is not module or not isinstance(meant.node, ast.FunctionDef):
            return {}
        inner = [self._arguments(one, module) for one in ast.walk(meant.node) if isinstance(one, ast.Call)]
        return next(({"remedy": one["remedy"]} for one in inner if "because" in one and "remedy" in one), {})

    def _arguments(self, call: ast.Call, module: SourceModule) -> dict[str, ast.expr]:
        meant = self._sources.meaning(module, call.func)
        names: list[str] = []
        if meant and isinstance(meant.node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = _parameter_names(meant.node)
        elif meant and isinstance(meant.node, ast.ClassDef):
            names = _fields(meant.node)
        return dict(zip(names, call.args, strict=False)) | {one.arg: one.value for one in call.keywords if one.arg}

    def _handed_to(self, node: ast.expr, module: SourceModule) -> tuple[ast.Call | None, str]:
        """The call and parameter that an expression is passed to; containers around it are skipped."""
        above, at = module.parents.get(node), node
        while isinstance(above, ast.List | ast.Tuple | ast.Dict | ast.Starred | ast.ListComp | ast.GeneratorExp):
            at, above = above, module.parents.get(above)
        if isinstance(above, ast.keyword):
            call = module.parents[above]
            return (call, above.arg or "") if isinstance(call, ast.Call) else (None, "")
        if not isinstance(above, ast.Call) or at is above.func:
            return None, ""
        names = {id(value): name for name, value in self._arguments(above, module).items()}
        return above, names.get(id(at), "")


def _literals(module: SourceModule) -> Iterator[Literal]:
    for node in module.nodes:
        around = module.parents.get(node)
        if not isinstance(node, ast.Constant | ast.JoinedStr) or isinstance(around, ast.Expr | ast.JoinedStr):
            continue
        if PROSE.search(source_text(node)):
            yield node


def source_text(node: ast.expr) -> str:
    """A literal's text, with placeholders as braces."""
    if isinstance(node, ast.JoinedStr):
        return "".join(source_text(one) if isinstance(one, ast.Constant) else "{x}" for one in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        return node.value if isinstance(node.value, str) else node.value.decode(errors="replace")
    return ""


def _called(call: ast.AST | None) -> str:
    if not isinstance(call, ast.Call):
        return ""
    at = call.func.value if isinstance(call.func, ast.Subscript) else call.func
    return ast.unparse(at)


def _parameter_names(function: Function) -> list[str]:
    named = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    return named[1:] if named[:1] in (["self"], ["cls"]) else named


def _fields(node: ast.ClassDef) -> list[str]:
    return [one.target.id for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
