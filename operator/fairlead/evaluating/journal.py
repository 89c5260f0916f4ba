"""The journal of a run: one line for each answer, from which a restart goes on, and by which a baseline is kept."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from fairlead.comparing.item_pairs import ScoredAnswer
from fairlead.evaluating.items import digest_of

SHOWN_CHARACTERS: Final = 4000
"""Of an answer, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSettings:
    """What answers depend on beside the item and the model."""

    max_tokens: int = 1024
    temperature: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSource:
    """Whose answers these are."""

    model: str
    revision: str
    """What its owner calls it; empty where nobody said, so that its answers serve one run alone."""
    settings: RequestSettings

    @property
    def digest(self) -> str:
        """The key by which its answers are kept."""
        return digest_of(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One answer."""

    item: str
    digest: str
    """Of the item, as it was when it was answered."""
    sample: int
    answer: ScoredAnswer
    text: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """What is not sent twice."""
        return self.digest, self.sample


def written(line: JournalLine, shown: int = SHOWN_CHARACTERS) -> str:
    """As one line of JSON, with so many characters of the answer."""
    return json.dumps(
        {
            "item": line.item,
            "digest": line.digest,
            "sample": line.sample,
            **asdict(line.answer),
            "text": line.text[:shown],
        },
        ensure_ascii=False,
    )


def read(lines: Iterable[str], *, failures: bool = False) -> dict[tuple[str, int], JournalLine]:
    """All whole lines, the last of a key; one that a crash cut is sent again.

    What failed is sent again too, but for a run that has tried often enough and keeps its failures.
    """
    found: dict[tuple[str, int], JournalLine] = {}
    for raw in lines:
        line = _line(raw)
        if line is not None and (failures or not line.answer.error):
            found[line.key] = line
    return found


def _line(raw: str) -> JournalLine | None:
    try:
        document: Mapping[str, Any] = json.loads(raw)
        fields = {name: document[name] for name in ScoredAnswer.__dataclass_fields__}
        return JournalLine(
            item=document["item"],
            digest=document["digest"],
            sample=document["sample"],
            answer=ScoredAnswer(**fields),
            text=document["text"],
        )
    except (ValueError, KeyError, TypeError):
        return None
