"""The whole input is checked before anything is sent: each line for itself, and all custom_ids together."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from fairlead.batching import batch_requests
from fairlead.batching.batch_requests import BatchRequest
from fairlead.batching.custom_ids import CustomIds, LineState
from fairlead.fleet.line_problems import LineProblem
from fairlead.fleet.near_names import near_names

MAX_PROBLEMS: Final = 10
"""Problems that are shown; the others are counted."""
MAX_MODELS: Final = 1000
"""Models of a file that are compared with those that are served."""
_SHOWN_MODELS: Final = 5


@dataclass(slots=True)
class BatchContents:
    """What a file holds."""

    lines: int = 0
    """Blank ones too."""
    checksum: int = 0
    """Of all lines: a file that is read again is compared with it."""
    requests: int = 0
    answered: int = 0
    """Requests that the output has an answer to."""
    models: dict[str, int] = field(default_factory=dict)
    """The first line of each model that still has to answer."""
    problems: list[LineProblem] = field(default_factory=list)
    faulty: int = 0
    """Lines with a problem, shown or not."""


def check(lines: Iterable[tuple[int, bytes]], ids: CustomIds) -> BatchContents:
    """Read all lines, given with their numbers; blank ones are skipped."""
    found = BatchContents()
    for line, text in lines:
        found.lines, found.checksum = line, zlib.crc32(text, found.checksum)
        if not text.strip():
            continue
        read = batch_requests.read(text, line)
        problem = read if isinstance(read, LineProblem) else _added(found, read, ids)
        if problem is not None:
            found.faulty += 1
            found.problems += [problem] if len(found.problems) < MAX_PROBLEMS else []
    return found


def _added(found: BatchContents, request: BatchRequest, ids: CustomIds) -> LineProblem | None:
    state = ids.add_line(request)
    if state is LineState.DUPLICATE:
        because, remedy = "a line above has it too", "give each line a name of its own"
    elif state is LineState.CHANGED:
        because = "the output has its answer, and the line has changed since"
        remedy = "write to another --output, or delete the answer"
    else:
        found.requests += 1
        found.answered += state is LineState.ANSWERED
        if state is LineState.NEW and len(found.models) < MAX_MODELS:
            found.models.setdefault(request.model, request.line)
        return None
    return LineProblem(line=request.line, field="custom_id", value=request.custom_id, because=because, remedy=remedy)


def unserved(models: Mapping[str, int], served: Iterable[str]) -> list[LineProblem]:
    """Return a problem for the first line of each model that the address does not list."""
    listed = sorted(served)
    return [
        LineProblem(
            line=line,
            field="body.model",
            value=model,
            because="the address does not serve it, or not with this key",
            remedy=f"write {' or '.join(near_names(model, listed) or listed[:_SHOWN_MODELS]) or 'another --to'}",
        )
        for model, line in models.items()
        if model not in listed
    ]
