"""Limits of every sentence: a length, and a figure or a remedy if it reports a problem."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from house.sentences.collection import Collection, Sentence
from house.sentences.patterns import variants, width

LONGEST: Final = 240
"""Characters, with `patterns.HOLE_WIDTH` for a placeholder; quoted sentences are counted separately."""
_IMPERATIVES: Final = (
    "accept|add|allow|answer|ask|begin|build|check|choose|clear|connect|correct|create|delete|describe|drop|expect|fix|"
    "free|get|give|grant|indent|install|keep|label|leave|list|lower|make|measure|move|name|order|pass|pay|post|put|"
    "quantize|quote|raise|read|remove|rename|repeat|report|restart|retry|run|save|say|see|send|set|shorten|shrink|split|"
    "start|state|stop|swap|take|try|upgrade|use|wait|watch|write"
)
_REMEDY: Final = re.compile(
    rf"(?:^|[;:,.(] |\b(?:or|and|then|so|to|please|instead) |`)(?:{_IMPERATIVES}|{_IMPERATIVES.title()})\b"
    r"|did you mean |\btrying (?:again|on)\b|`?(?:kubectl|helm|fairlead) "
)
_FIGURE: Final = re.compile(r"\d|\{")


def too_long(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Sentences beyond the limit."""
    return [one for one in sentences if width(one.parts) > LONGEST]


def without_help(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Sentences that report a problem, and in at least one of their forms neither how much nor what to do."""
    return [one for one in sentences if one.wrong and not all(map(_helps, variants(one.parts)))]


def faults(found: Collection) -> Iterator[str]:
    """Yield one line for each violation, with what to do."""
    for path in found.homeless:
        yield f"{path}: nobody has said where users meet its sentences: add it to house/sentences/places.py"
    for one in too_long(found.sentences):
        yield f"{one.path}:{one.line}: {width(one.parts)} characters, more than {LONGEST}: shorten it: {one.text}"
    for one in without_help(found.sentences):
        yield f"{one.path}:{one.line}: neither a figure nor a remedy: say what to do: {one.text}"


def _helps(text: str) -> bool:
    return bool(_FIGURE.search(text) or _REMEDY.search(text))
