"""docs/reference/messages.md: every user-facing sentence of the product, read from its source.

`python -m house.messages_page` writes it; a test detects drift, and sentences that are too long or unhelpful.
"""

import functools
import gc
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from house.sentences import limits
from house.sentences.collection import Collection, Sentence, collected
from house.sentences.patterns import HOLE_WIDTH, width
from house.sentences.places import Place
from house.sentences.sources import Sources
from house.tree import ROOT

PAGE: Final = "docs/reference/messages.md"
HEAD: Final = """\
# Every sentence that Fairlead says

Written by `python -m house.messages_page` from the source of `operator/fairlead`; changes here are lost. Every text of
two words or more in the source is here, or is of a kind that [the last section](#what-is-not-here) lists, so a new
sentence cannot be missed.

`{{name}}` is filled in at run time; `[a | b]` is one or the other, `[a]` may be absent; nouns and verbs after a number
are shown in the plural. There are {count} sentences; the longest has {longest} characters, with {hole} for each
`{{name}}`, and none may have more than {limit}. A sentence about a problem has a figure, that is a number or a
`{{name}}`, or says what to do. What a sentence quotes, such as another sentence or a kubelet's message, is counted
where it is created; conditions and scaling decisions join several with `; ` and can be longer.
"""


def figures() -> str:
    """The number of sentences, the longest, and how many break a rule."""
    every = found().sentences
    return (
        f"{len(every)} sentences, the longest of {max(width(one.parts) for one in every)} characters (at most "
        f"{limits.LONGEST}); {len(limits.too_long(every))} are longer, {len(limits.without_help(every))} say that "
        "something is wrong with neither a figure nor a remedy"
    )


@functools.cache
def found() -> Collection:
    """Collect all sentences; reading the source takes seconds."""
    return collected(Sources())


def page() -> str:
    """Build the whole page."""
    every = found().sentences
    head = HEAD.format(
        count=len(every), longest=max(width(one.parts) for one in every), hole=HOLE_WIDTH, limit=limits.LONGEST
    )
    return "\n".join([head, *(line for place in Place for line in _section(place, every)), *_left_out(found())])


def _section(place: Place, every: Sequence[Sentence]) -> Iterator[str]:
    here = sorted((one for one in every if one.place is place), key=lambda one: (one.path, one.line, one.text))
    yield from (f"## {place.value.title}", "", place.value.about, "")
    yield from _table([one for one in here if not one.part])
    if parts := [one for one in here if one.part]:
        yield from ("Parts, each for a placeholder of a sentence:", "")
        yield from _table(parts)


def _table(sentences: Sequence[Sentence]) -> Iterator[str]:
    reasons = any(one.reason for one in sentences)
    yield "| sentence | reason | file |" if reasons else "| sentence | file |"
    yield "|---|---|---|" if reasons else "|---|---|"
    rows = {
        f"| {_escaped(one.text)} | " + (f"{_code(one.reason)} | " if reasons else "") + f"`{one.path}` |": None
        for one in sentences
    }
    yield from rows
    yield ""


def _left_out(everything: Collection) -> Iterator[str]:
    yield from ("## What is not here", "", "| texts | kind |", "|---|---|")
    yield from (f"| {number} | {what} |" for what, number in sorted(everything.exempt.items()))
    yield ""


def _code(reason: str) -> str:
    return f"`{reason}`" if reason else ""


def _escaped(text: str) -> str:
    """Escape text for a table cell."""
    cell = " ".join(text.strip().replace("\n", " ↵ ").split())
    for mark, instead in (("|", "\\|"), ("<", "&lt;"), ("*", "\\*"), ("](", "]&#40;"), ("](", "]&#40;")):
        cell = cell.replace(mark, instead)
    return cell


def main() -> int:
    """Write the page and report violations; with `--drift` compare it with the committed one instead."""
    gc.disable()  # syntax trees of all files live to the end: garbage collection took half of the time
    wrong = list(limits.faults(found()))
    if sys.argv[1:] == ["--drift"]:
        same = (ROOT / PAGE).read_text(encoding="utf-8") == page()
        words = f"{PAGE} is the one that the code makes" if same else f"{PAGE} is not the one that the code makes"
        print("\n".join((words, *wrong)))
        return 0 if same and not wrong else 1
    (ROOT / PAGE).write_text(page(), encoding="utf-8")
    print("\n".join(wrong) if wrong else f"wrote {PAGE}: {len(found().sentences)} sentences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
