"""The kinds of engine that the suite's common part tests, and where their words for the same thing differ."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from fairlead.engines.catalogue import ENGINES
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_load import EngineLoad
from house.conformance import CHOICE, OURS

Json: TypeAlias = Any
"""A JSON body; the tests check what must be in it."""

NAMED: Final = "FAIRLEAD_CONFORMANCE_ENGINE"
"""The kind of a server that was named by its URL; vLLM if it is not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineWords:
    """What the common part needs to know of one kind."""

    kind: EngineKind
    command: tuple[str, ...]
    """The words before the model."""
    name_flag: str
    context_flag: str
    ready: str
    """The path that answers 200 once it takes requests, without a delay."""
    stopped: str
    """The key of what stopped a reply."""
    text: str
    """The key of the text in /detokenize."""
    error: Callable[[Json], Json]
    """The fields of an error, from the whole body."""
    between_parts: str
    """The separator between the texts of one message."""
    counts_first: bool
    """Whether the first token of a reply counts among the generated tokens of its metrics."""
    seeded: bool
    """Whether a request's seed decides sampling."""
    stops_past_end: bool
    """Whether a stop token of the request ends a reply that ignores the end."""

    @property
    def metrics(self) -> str:
        """The path of its metrics."""
        return ENGINES[self.kind].api.metrics_path

    def load(self, page: str) -> EngineLoad:
        """A metrics page as the facts that scaling reads."""
        found = ENGINES[self.kind].load(page)
        assert isinstance(found, EngineLoad), found
        return found


VLLM: Final = EngineWords(
    kind=EngineKind.VLLM,
    command=("vllm", "serve"),
    name_flag="--served-model-name",
    context_flag="--max-model-len",
    ready="/health",
    stopped="stop_reason",
    text="prompt",
    error=lambda body: body["error"],
    between_parts="\n",
    counts_first=True,
    seeded=True,
    stops_past_end=True,
)
SGLANG: Final = EngineWords(
    kind=EngineKind.SGLANG,
    command=("sglang", "serve"),
    name_flag="--served-model-name",
    context_flag="--context-length",
    ready="/ready",
    stopped="matched_stop",
    text="text",
    error=lambda body: body,
    between_parts=" ",
    counts_first=False,
    seeded=False,
    stops_past_end=False,
)
TENSORRT: Final = EngineWords(
    kind=EngineKind.TENSORRT_LLM,
    command=("trtllm-serve",),
    name_flag="--served_model_name",
    context_flag="--max_seq_len",
    ready="/health",
    stopped="stop_reason",
    text="",
    error=lambda body: body,
    between_parts="\n",
    counts_first=True,
    seeded=True,
    stops_past_end=True,
)
"""It has no route that detokenizes."""
ALL: Final = (VLLM, SGLANG, TENSORRT)
RICHER: Final = (VLLM, SGLANG)
"""Kinds that accept more than OpenAI's clients send, and report tokens and latencies of their own."""


def under_test() -> tuple[EngineWords, ...]:
    """Ours are tested as every kind; a named server is of one kind, and the real one that is started is vLLM."""
    choice = os.environ.get(CHOICE, OURS)
    if choice == OURS:
        return ALL
    named = os.environ.get(NAMED, EngineKind.VLLM) if "://" in choice else EngineKind.VLLM
    return tuple(one for one in ALL if one.kind == named)
