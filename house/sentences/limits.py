"""What every sentence must keep: a length, and a figure or a remedy where it says that something is wrong."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from house.sentences.collection import Collection, Sentence
from house.sentences.patterns import variants, width

LONGEST: Final = 240
"""Characters, a placeholder counted by `patterns.HOLE_WIDTH`; what it quotes of another sentence is counted there."""
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
    """Those beyond the limit."""
    return [one for one in sentences if width(one.parts) > LONGEST]


def without_help(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Those that say that something is wrong, and neither how much nor what to do, in at least one of their forms."""
    return [one for one in sentences if one.wrong and not all(map(_helps, variants(one.parts)))]


def faults(found: Collection) -> Iterator[str]:
    """One line for each violation, with what to do."""
    for path in found.homeless:
        yield f"{path}: nobody has said where users meet its sentences: add it to house/sentences/places.py"
    for one in too_long(found.sentences):
        yield f"{one.path}:{one.line}: {width(one.parts)} characters, more than {LONGEST}: shorten it: {one.text}"
    for one in without_help(found.sentences):
        yield f"{one.path}:{one.line}: neither a figure nor a remedy: say what to do: {one.text}"


def _helps(text: str) -> bool:
    return bool(_FIGURE.search(text) or _REMEDY.search(text))
