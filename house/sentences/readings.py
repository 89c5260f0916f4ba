"""Reads expressions as text, with local names, constants and the product's own functions resolved.

A reading keeps the literals that it includes, so that they are not listed again as sentences of their own.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from fairlead.fleet import plurals
from house.sentences.assignments import assigned
from house.sentences.holes import hole
from house.sentences.patterns import Parts, Words, joined, one_of, shown, width
from house.sentences.sources import Function, SourceModule, Sources

Literal: TypeAlias = tuple[str, int, int]
"""File, line, column."""

PROSE: Final = re.compile(r"[A-Za-z]{2,}[,;:.]? [A-Za-z0-9{\[]|[\w}\])] [A-Za-z]{2,}")
"""Two words in a row, or a word beside a placeholder."""
DEEPEST: Final = 4
"""Nested functions that are followed."""
MAX_OPTIONS: Final = 8
LONGEST: Final = 600
"""An expression with more forms, or a longer text, stays a placeholder and is listed by itself."""
_SAME_TEXT: Final = frozenset({"str", "removeprefix", "removesuffix", "strip", "rstrip", "lstrip", "_capital", "lower"})


@dataclass(frozen=True, slots=True)
class Reading:
    """The parts of a text, and the literals they come from."""

    parts: Parts
    literals: frozenset[Literal] = frozenset()

    @property
    def prose(self) -> bool:
        """Whether it contains words of a sentence."""
        return bool(PROSE.search(shown(self.parts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The context of an expression: module, function, parameters and depth."""

    module: SourceModule
    function: Function | None = None
    bound: Mapping[str, Reading] = field(default_factory=dict)
    depth: int = 0
    busy: frozenset[int] = frozenset()
    """Statements in progress: a name that is defined by itself ends there."""


class TextReader:
    """Reads expressions of the product as text."""

    def __init__(self, sources: Sources) -> None:
        """Resolve names in these sources."""
        self._sources = sources
        self._ways: Mapping[type[ast.expr], Callable[[Any, Frame], Reading]] = {
            ast.Constant: self._constant,
            ast.JoinedStr: lambda node, frame: _concatenated([self.read(one, frame) for one in node.values]),
            ast.FormattedValue: self._filled_in,
            ast.BinOp: self._added,
            ast.IfExp: lambda node, frame: self._either([node.body, node.orelse], frame, node),
            ast.BoolOp: lambda node, frame: self._either(node.values, frame, node),
            ast.Name: self._name,
            ast.Call: self._call,
        }

    def read(self, node: ast.expr, frame: Frame) -> Reading:
        """Read `node`; a placeholder if nothing is known of it."""
        return self._ways.get(type(node), self._other)(node, frame)

    def read_pair(self, nodes: Sequence[ast.expr], frame: Frame) -> Reading:
        """Read the reason and the remedy as one sentence."""
        return _separated([self.read(one, frame) for one in nodes], "; ")

    def _filled_in(self, node: ast.FormattedValue, frame: Frame) -> Reading:
        return Reading((hole(node.value),)) if node.format_spec else self.read(node.value, frame)

    def _added(self, node: ast.BinOp, frame: Frame) -> Reading:
        if not isinstance(node.op, ast.Add) or _is_number(node.left) or _is_number(node.right):
            return Reading((hole(node),))
        return _concatenated([self.read(node.left, frame), self.read(node.right, frame)])

    def _constant(self, node: ast.Constant, frame: Frame) -> Reading:
        text = (
            node.value.decode(errors="replace")
            if isinstance(node.value, bytes)
            else ""
            if node.value is None
            else str(node.value)
        )
        return Reading((Words(text),) if text else (), frozenset({(frame.module.path, node.lineno, node.col_offset)}))

    def _other(self, node: ast.expr, frame: Frame) -> Reading:
        if isinstance(node, ast.Tuple | ast.List):
            found = [one for one in (self.read(each, frame) for each in node.elts) if one.prose]
            return _separated(found, "; ") if found else Reading((hole(node),))
        if isinstance(node, ast.Subscript):
            return self._looked_up(node, node.value, frame)
        if isinstance(node, ast.Attribute) and (meant := self._sources.meaning(frame.module, node)):
            return self._defined(meant.node, meant.module, node, frame)
        if isinstance(node, ast.ListComp | ast.GeneratorExp):
            return self._repeated(node.elt, node, frame)
        return Reading((hole(node),))

    def _name(self, node: ast.Name, frame: Frame) -> Reading:
        if node.id in frame.bound:
            return frame.bound[node.id]
        if frame.function is not None:
            found = [one for one in assigned(node, frame.function, frame.module) if id(one.value) not in frame.busy]
            if found:
                inside = replace(frame, busy=frame.busy | {id(one.value) for one in found})
                read = [self.read(one.value, inside) for one in found]
                whole = self._one_of([one for one, way in zip(read, found, strict=True) if not way.added], node)
                more = [one for one, way in zip(read, found, strict=True) if way.added]
                if not more:
                    return whole
                optional = [self._one_of([Reading(()), one], node) for one in more]
                return _kept(_concatenated([whole, *optional]), node)
            if node.id in _parameters(frame.function):
                return Reading((hole(node),))
        if meant := self._sources.meaning(frame.module, node):
            return self._defined(meant.node, meant.module, node, frame)
        return Reading((hole(node),))

    def _defined(self, meant: ast.AST, module: SourceModule, node: ast.expr, frame: Frame) -> Reading:
        """A constant of a module."""
        if not isinstance(meant, ast.Constant | ast.JoinedStr | ast.BinOp):
            return Reading((hole(node),))
        return self.read(meant, Frame(module=module, depth=frame.depth, busy=frame.busy))

    def _call(self, node: ast.Call, frame: Frame) -> Reading:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if (plural := self._plural(node, called, frame)) is not None:
            return plural
        if called == "join" and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant):
            return self._joined(node, str(node.func.value.value), frame)
        if called in _SAME_TEXT:
            kept = node.func.value if isinstance(node.func, ast.Attribute) else (node.args or [node])[0]
            return self.read(kept, frame) if kept is not node else Reading((hole(node),))
        if called == "get" and isinstance(node.func, ast.Attribute):
            return self._looked_up(node, node.func.value, frame, node.args[1:])
        return self._answered(node, frame)

    def _answered(self, node: ast.Call, frame: Frame, place: object = None) -> Reading:
        """What a function of the product returns, with its parameters; of a tuple, the element at a place."""
        meant = self._sources.meaning(frame.module, node.func)
        if meant is None or not isinstance(meant.node, ast.FunctionDef) or frame.depth >= DEEPEST:
            return Reading((hole(node),))
        if id(meant.node) in frame.busy:
            return Reading((hole(node),))
        given = dict(zip(_parameters(meant.node), node.args, strict=False))
        given |= {one.arg: one.value for one in node.keywords if one.arg}
        bound = {name: self.read(value, frame) for name, value in given.items()}
        inside = Frame(
            module=meant.module,
            function=meant.node,
            bound={name: one for name, one in bound.items() if one.prose or _fixed(one)},
            depth=frame.depth + 1,
            busy=frame.busy | {id(meant.node)},
        )
        returned = [one.value for one in _own(meant.node, ast.Return) if one.value is not None]
        if isinstance(place, int):
            returned = [one.elts[place] for one in returned if isinstance(one, ast.Tuple) and place < len(one.elts)]
        found = [self.read(one, inside) for one in returned]
        if not any(one.prose for one in found):
            return Reading((hole(node),))
        return self._one_of(found, node)

    def _plural(self, node: ast.Call, called: str, frame: Frame) -> Reading | None:
        """The counting words of `fleet.plurals`, as a plural with its singular."""
        name = frame.module.imported.get(called, f"plurals.{called}").rpartition(".")[2]
        words = [self.read(one, frame) for one in node.args]
        if name == "formatted" and words:
            return Reading((hole(node.args[0]),))
        if name not in {"count", "verb", "verb_of_part", "part"} or len(words) < 2:
            return None
        numbers = [(hole(one),) for one in node.args]
        taken = frozenset().union(*(one.literals for one in words))
        last = shown(words[-1].parts)
        if name in {"verb", "verb_of_part"}:
            return Reading((_verb(last),), taken)
        if name == "count":
            return Reading((*numbers[0], Words(" "), _noun(last)), taken)
        noun = _noun(shown(words[2].parts))
        return Reading((*numbers[0], Words(" of "), *numbers[1], Words(" "), noun, Words(" "), _verb(last)), taken)

    def _joined(self, node: ast.Call, separator: str, frame: Frame) -> Reading:
        what = node.args[0]
        if isinstance(what, ast.Tuple | ast.List) and not any(isinstance(one, ast.Starred) for one in what.elts):
            return _separated([self.read(one, frame) for one in what.elts], separator)
        return self._repeated(what, what, frame)

    def _repeated(self, what: ast.expr, node: ast.expr, frame: Frame) -> Reading:
        """A list of texts: its element if that has words, else a placeholder."""
        found = self.read(what.elt, frame) if isinstance(what, ast.ListComp | ast.GeneratorExp) else None
        found = found or (self.read(what, frame) if isinstance(what, ast.JoinedStr) else None)
        if found is None or not found.prose:
            return Reading((hole(node),))
        return _kept(_concatenated([found, Reading(one_of([(), (hole(node),)]))]), node)

    def _looked_up(self, node: ast.expr, where: ast.expr, frame: Frame, otherwise: Sequence[ast.expr] = ()) -> Reading:
        """An entry of a table that is a module's constant."""
        if isinstance(where, ast.Call) and isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            return self._answered(where, frame, node.slice.value)
        meant = self._sources.meaning(frame.module, where) if isinstance(where, ast.Name | ast.Attribute) else None
        local = assigned(where, frame.function, frame.module) if isinstance(where, ast.Name) and frame.function else ()
        table = local[0].value if local else meant.node if meant else where
        place = node.slice if isinstance(node, ast.Subscript) else None
        if isinstance(table, ast.Tuple) and isinstance(place, ast.Constant) and isinstance(place.value, int):
            return self.read(table.elts[place.value], frame)
        if not isinstance(table, ast.Dict):
            return Reading((hole(node),))
        inside = Frame(module=meant.module, busy=frame.busy) if meant else frame
        found = [self.read(one, inside) for one in table.values] + [self.read(one, frame) for one in otherwise]
        if not any(one.prose for one in found):
            return Reading((hole(node),))
        return self._one_of(found, node)

    def _either(self, nodes: Sequence[ast.expr], frame: Frame, node: ast.expr) -> Reading:
        return self._one_of([self.read(one, frame) for one in nodes], node)

    def _one_of(self, found: Sequence[Reading], node: ast.expr) -> Reading:
        options = one_of(one.parts for one in found)
        return _kept(Reading(options, frozenset().union(*(one.literals for one in found))), node)


def _kept(found: Reading, node: ast.expr) -> Reading:
    """A reading, or a placeholder if it has too many forms for a page."""
    forms = max((len(getattr(part, "options", ())) for part in found.parts), default=0)
    return found if forms <= MAX_OPTIONS and width(found.parts) <= LONGEST else Reading((hole(node),))


def _fixed(found: Reading) -> bool:
    """Whether it is a literal, such as the noun for a count."""
    return bool(found.parts) and all(isinstance(part, Words) for part in found.parts)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _concatenated(found: Iterable[Reading]) -> Reading:
    return _separated(list(found), "")


def _separated(found: Sequence[Reading], separator: str) -> Reading:
    taken = frozenset().union(*(one.literals for one in found))
    return Reading(joined([one.parts for one in found], separator), taken)


def _noun(word: str) -> Words:
    return Words(plurals.plural(word), word)


def _verb(word: str) -> Words:
    return Words(plurals.verb(2, word), word)


def _parameters(function: Function) -> list[str]:
    named = [one.arg for one in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    return named[1:] if named[:1] in (["self"], ["cls"]) else named


def _own(function: Function, kind: type[ast.Return]) -> Iterator[ast.Return]:
    """Returns of a function, without those of inner functions."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, kind):
            yield node
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting[:0] = list(ast.iter_child_nodes(node))
