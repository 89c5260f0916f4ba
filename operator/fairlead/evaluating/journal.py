"""The journal of a run: one line for each answer; a restart resumes from it, and it keeps a baseline's answers."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from fairlead.comparing.item_pairs import ScoredAnswer
from fairlead.documents import json_document
from fairlead.evaluating.items import digest_of

SHOWN_CHARACTERS: Final = 4000
"""Characters of an answer that are kept for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSettings:
    """What answers depend on besides the item and the model."""

    max_tokens: int = 1024
    temperature: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSource:
    """The origin of answers."""

    model: str
    revision: str
    """The owner's name for it; empty if there is none, so that its answers serve one run only."""
    settings: RequestSettings

    @property
    def digest(self) -> str:
        """The key of its kept answers."""
        return digest_of(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One answer."""

    item: str
    digest: str
    """Digest of the item when it was answered."""
    sample: int
    answer: ScoredAnswer
    text: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """The key by which no answer is requested twice."""
        return self.digest, self.sample


def written(line: JournalLine, shown: int = SHOWN_CHARACTERS) -> str:
    """Format one line of JSON, with at most `shown` characters of the answer."""
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


def lines_of(text: str) -> list[str]:
    """Split what was kept into its lines: an answer may hold the other characters at which `str.splitlines` splits."""
    return text.split("\n")


def read(lines: Iterable[str], *, failures: bool = False) -> dict[tuple[str, int], JournalLine]:
    """Read all complete lines, the last one for each key; an answer whose line a crash cut is requested again.

    Failed ones are requested again too, except in a run that has tried often enough and keeps its failures.
    """
    found: dict[tuple[str, int], JournalLine] = {}
    for raw in lines:
        line = _line(raw)
        if line is not None and (failures or not line.answer.error):
            found[line.key] = line
    return found


def _line(raw: str) -> JournalLine | None:
    try:
        document: Mapping[str, Any] = json_document.read(raw, as_python=True)
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
