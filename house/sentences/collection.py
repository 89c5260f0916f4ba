"""All sentences with their places, and what each rule left out."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from house.sentences.exemptions import exemption_of
from house.sentences.holes import hole
from house.sentences.patterns import Part, Parts, Words, shown
from house.sentences.places import Place, place_of
from house.sentences.sites import Site, SiteFinder
from house.sentences.sources import Sources

_DIRECTIVE: Final = re.compile(r"%[-+0-9.]*[sdrgf]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence, its place in the source and where users see it."""

    parts: Parts
    place: Place
    path: str
    line: int
    reason: str
    """Its reason, a word of a closed list; empty: none."""
    wrong: bool
    """Whether it reports a problem, so that it needs a figure or a remedy."""
    part: bool
    """Whether it is part of another sentence, which has a placeholder for it."""

    @property
    def text(self) -> str:
        """As the page shows it."""
        return shown(self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What was found in the whole product."""

    sentences: tuple[Sentence, ...]
    exempt: Mapping[str, int]
    """What is not collected, and the number of such texts."""
    homeless: tuple[str, ...]
    """Files whose sentences have no place yet."""


def collected(sources: Sources) -> Collection:
    """Read every file."""
    finder = SiteFinder(sources)
    sites = [site for module in sources.modules.values() for site in finder.sites(module)]
    rules = [exemption_of(site) for site in sites]
    exempt = Counter(rule.what for rule in rules if rule is not None)
    kept = _whole([site for site, rule in zip(sites, rules, strict=True) if rule is None])
    placed = [(site, place_of(site)) for site in kept]
    return Collection(
        sentences=tuple(_sentence(site, place, sources) for site, place in placed if place is not None),
        exempt=dict(exempt),
        homeless=tuple(sorted({site.module.path for site, place in placed if place is None})),
    )


def _whole(sites: Sequence[Site]) -> list[Site]:
    """Sites that stand alone, without those that others include completely."""
    taken_by = Counter(literal for site in sites for literal in site.reading.literals)
    return [site for site in sites if site.handed_over or not all(taken_by[one] > 1 for one in _own(site))]


def _own(site: Site) -> Iterator[tuple[str, int, int]]:
    """The literals of an expression itself, in file order."""
    for literal in site.inside:
        pieces = [literal] if isinstance(literal, ast.Constant) else literal.values
        yield from ((site.module.path, one.lineno, one.col_offset) for one in pieces if isinstance(one, ast.Constant))


def _sentence(site: Site, place: Place, sources: Sources) -> Sentence:
    return Sentence(
        parts=tuple(_filled(site)),
        place=place,
        path=site.module.path,
        line=site.node.lineno,
        reason=_reason(site, sources),
        wrong=_wrong(site, place) and not _quoted(site, sources),
        part=_quoted(site, sources) or not (site.handed_over or _returned(site)),
    )


def _filled(site: Site) -> Iterator[Part]:
    """Replace the directives of log lines by placeholders."""
    arguments = iter(site.call.args[1:] if site.call and site.callee.startswith("log.") else ())
    for part in site.reading.parts:
        if not (isinstance(part, Words) and site.callee.startswith("log.")):
            yield part
            continue
        begun = 0
        for found in _DIRECTIVE.finditer(part.text):
            yield Words(part.text[begun : found.start()])
            yield hole(next(arguments, site.node))
            begun = found.end()
        yield Words(part.text[begun:])


def _quoted(site: Site, sources: Sources) -> bool:
    """Whether the called function puts it into a sentence of its own."""
    if site.callee.rpartition(".")[2] in _QUOTING or site.module.path in _PHRASES:
        return True
    if site.callee.startswith("log.") and site.call and site.node is not site.call.args[0]:
        return True
    meant = sources.meaning(site.module, site.call.func) if site.call else None
    if meant is None or not isinstance(meant.node, ast.FunctionDef | ast.AsyncFunctionDef) or not site.parameter:
        return False
    texts = [node for node in ast.walk(meant.node) if isinstance(node, ast.JoinedStr)]
    names = {node.id for text in texts for node in ast.walk(text) if isinstance(node, ast.Name)}
    return site.parameter in names and site.parameter != "because"


_QUOTING: Final = frozenset(
    ("failed", "_set", "_break", "lost", "give_up", "cancel", "NoUpstreamAnswer", "UnreadableBody")
)
"""Calls that keep why something failed, for a sentence that begins with what failed."""
_PHRASES: Final = frozenset(
    {"cluster/pods.py", "router/probes.py", "router/explain_headers.py", "routing/explanations.py"}
)
"""Files of such phrases: texts for a scheduler or probe without a reason, and the words of the `explain` header."""


def _returned(site: Site) -> bool:
    return isinstance(site.module.parents.get(site.node), ast.Return | ast.Yield | ast.Raise)


_RECOVERED: Final = re.compile(r"\banswers again\b")
_NOT_WRONG: Final = ("_yes", "_accepted", "_fits", "_condition", "Provenance")


def _wrong(site: Site, place: Place) -> bool:
    if site.callee.endswith(".join") or _RECOVERED.search(shown(site.reading.parts)):
        return False
    if place in {Place.REFUSAL, Place.WARNING, Place.LOG, Place.REPLY}:
        return site.handed_over
    if place is Place.CLI:
        return isinstance(site.module.parents.get(site.call), ast.Raise) if site.call else False
    return place is Place.CONDITION and site.handed_over and site.callee not in _NOT_WRONG


def _reason(site: Site, sources: Sources) -> str:
    """The member of a closed list of reasons among the arguments of the same call."""
    given = [*site.call.args, *(one.value for one in site.call.keywords)] if site.call else []
    for one in given:
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            meant = sources.meaning(site.module, one.value)
            if meant and isinstance(meant.node, ast.ClassDef) and meant.node.name.endswith(("Reason", "Kind")):
                return _member(meant.node, one.attr)
    return ""


def _member(enum: ast.ClassDef, name: str) -> str:
    for node in enum.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            return str(node.value.value) if isinstance(node.value, ast.Constant) else name
    return ""
