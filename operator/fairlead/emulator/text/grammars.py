"""Generates a text that fits a small grammar: xgrammar's EBNF (`name ::= ...`) or Lark's (`name: ...`).

Reads strings, classes, patterns between slashes, rule names, groups, alternatives and counts; refuses anything else.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from fairlead.emulator.text import patterns
from fairlead.emulator.text.draws import SeededDraws
from fairlead.emulator.text.patterns import UnsupportedPattern
from fairlead.emulator.text.sample_budget import SampleBudget

_RULE: Final = re.compile(r"^[^\S\n]*\??!?(\w[\w-]*)\s*(?:::=|:)", re.MULTILINE)
_MARK: Final = re.compile(
    r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<pattern>/(?:[^/\\]|\\.)+/)|(?P<set>\[(?:[^\]\\]|\\.)+\])|(?P<name>\w[\w-]*)'
    r"|(?P<sign>[()|*+?]))"
)
_DEEP: Final = 3
"""Nesting depth of rules beyond which the alternative with the least nesting is taken."""
_ENDLESS: Final = 1000
_DEEPEST: Final = 50
"""Brackets within brackets."""
_WRITTEN: Final = 200_000
"""Characters of a grammar."""
_LARGEST: Final = 200_000
"""Rules times tokens, to find how deeply rules nest."""
_A_CHARACTER: Final = 16
"""Tokens that cost about as much as a character of a text."""
GrammarToken = tuple[str, str]


def example(grammar: str, draws: SeededDraws) -> str:
    """Return a text of the rule `root` or `start`, or of the first one."""
    rules = _rules(grammar)
    first = next((name for name in ("root", "start") if name in rules), next(iter(rules), None))
    if first is None:
        raise UnsupportedPattern(f'{grammar}: no rule; write one like `root ::= "yes" | "no"`')
    return _GrammarSampler(rules, draws).of(first, 0)


def _rules(grammar: str) -> Mapping[str, list[GrammarToken]]:
    if len(grammar) > _WRITTEN:
        raise UnsupportedPattern(f"a grammar of {len(grammar)} characters")
    plain = re.sub(r"^[^\S\n]*(?:#|//|%).*$", "", grammar, flags=re.MULTILINE)
    heads = list(_RULE.finditer(plain))
    ends = [*(head.start() for head in heads[1:]), len(plain)][: len(heads)]
    rules = {head[1]: _tokens(plain[head.end() : end].strip()) for head, end in zip(heads, ends, strict=True)}
    if len(rules) * sum(map(len, rules.values())) > _LARGEST:
        raise UnsupportedPattern(f"{len(rules)} rules: too large to be sampled")
    return rules


def _tokens(written: str) -> list[GrammarToken]:
    tokens: list[GrammarToken] = []
    at = depth = 0
    while at < len(written):
        found = _MARK.match(written, at)
        if found is None or found.lastgroup is None:
            raise UnsupportedPattern(f"{written}: cannot be read from `{written[at : at + 20].strip()}` on")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        depth += (tokens[-1] == ("sign", "(")) - (tokens[-1] == ("sign", ")"))
        if depth > _DEEPEST:
            raise UnsupportedPattern(f"more than {_DEEPEST} brackets within one another")
        at = found.end()
    return tokens


class _GrammarSampler:
    def __init__(self, rules: Mapping[str, list[GrammarToken]], draws: SeededDraws) -> None:
        self._rules = rules
        self._draws = draws
        self._budget = SampleBudget()
        self._heights = dict.fromkeys(rules, _ENDLESS)
        for _ in rules:
            before = self._heights
            self._heights = {name: min(_ENDLESS, 1 + self._height(rules[name])) for name in rules}
            if self._heights == before:
                break

    def of(self, name: str, depth: int) -> str:
        if self._heights.get(name, _ENDLESS) >= _ENDLESS:
            raise UnsupportedPattern(f"{name}: no such rule, or it never ends")
        return self._either(self._rules[name], depth)

    def _either(self, tokens: list[GrammarToken], depth: int) -> str:
        """Return a text of one alternative; at depth, of the one with the least nesting."""
        self._take(1 + len(tokens) // _A_CHARACTER)
        rows = _split(tokens)
        row = min(rows, key=self._row_height) if depth > _DEEP else rows[self._draws.below(len(rows))]
        texts: list[str] = []
        for item, sign in _items(row):
            texts += [self._item(item, depth) for _ in range(self._times(sign, depth))]
        return "".join(texts)

    def _height(self, tokens: list[GrammarToken]) -> int:
        """Return the least nesting of rules that the tokens need."""
        return min(map(self._row_height, _split(tokens)))

    def _row_height(self, row: list[GrammarToken]) -> int:
        heights = [0]
        for item, sign in _items(row):
            if sign in ("", "+"):
                kind, written = item[0]
                inner = self._heights.get(written, _ENDLESS) if kind == "name" else 0
                heights.append(inner if kind != "sign" else self._height(item[1:-1]))
        return max(heights)

    def _times(self, sign: str, depth: int) -> int:
        if sign == "":
            return 1
        least = 1 if sign == "+" else 0
        most = 0 if depth > _DEEP else 1 if sign == "?" else 3
        return max(least, self._draws.below(most + 1))

    def _item(self, item: list[GrammarToken], depth: int) -> str:
        kind, written = item[0]
        match kind:
            case "name":
                return self.of(written, depth + 1)
            case "sign":
                return self._either(item[1:-1], depth + 1)
            case "string":
                text = re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), written[1:-1])
            case _:
                text = patterns.example(written[1:-1] if kind == "pattern" else written, self._draws)
        self._take(len(written) + len(text))
        return text

    def _take(self, cost: int) -> None:
        self._budget.take(cost)
        if self._budget.spent:
            raise UnsupportedPattern("a text of this grammar is too long")


def _split(tokens: list[GrammarToken]) -> list[list[GrammarToken]]:
    rows: list[list[GrammarToken]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token == ("sign", "(")) - (token == ("sign", ")"))
        if token == ("sign", "|") and depth == 0:
            rows.append([])
        else:
            rows[-1].append(token)
    return rows


def _items(row: list[GrammarToken]) -> Iterator[tuple[list[GrammarToken], str]]:
    """Yield each item of an alternative, with its repetition sign."""
    at = 0
    while at < len(row):
        end = _end_of_item(row, at)
        counted = end < len(row) and row[end] in (("sign", "*"), ("sign", "+"), ("sign", "?"))
        yield row[at:end], row[end][1] if counted else ""
        at = end + counted


def _end_of_item(row: list[GrammarToken], at: int) -> int:
    """Return the index after one token, or after the bracket that closes the group it opens."""
    if row[at][0] == "sign" and row[at][1] != "(":
        raise UnsupportedPattern(f"{row[at][1]}: nothing before it to repeat")
    depth = 0
    for place in range(at, len(row)):
        depth += (row[place] == ("sign", "(")) - (row[place] == ("sign", ")"))
        if depth == 0:
            return place + 1
    raise UnsupportedPattern("a bracket is not closed")
