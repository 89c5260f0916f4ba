"""Which engines the suite's common part is asked of, and where their words for the same thing differ."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from fairlead.engines.catalogue import ENGINES
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_load import EngineLoad
from house.conformance import CHOICE, OURS

Json: TypeAlias = Any
"""What a body says; the tests tell what must be in it."""

NAMED: Final = "FAIRLEAD_CONFORMANCE_ENGINE"
"""Which kind a server is that was named by its URL; vLLM if it is not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineWords:
    """What the common part must know of one kind."""

    kind: EngineKind
    command: tuple[str, ...]
    """Before the model."""
    name_flag: str
    context_flag: str
    ready: str
    """Answers 200 once it takes requests, without a delay."""
    stopped: str
    """The key of what a reply stopped at."""
    text: str
    """The key of a text in /detokenize."""
    error: Callable[[Json], Json]
    """The fields of an error, from the whole body."""
    between_parts: str
    """What stands between the texts of one message."""
    counts_first: bool
    """Whether the first token of a reply is among the generated ones of its page."""
    seeded: bool
    """Whether a request's seed decides what is drawn."""
    stops_past_end: bool
    """Whether a token that a request asks to stop at ends a reply that ignores the end."""

    @property
    def metrics(self) -> str:
        """Where its page of metrics is."""
        return ENGINES[self.kind].api.metrics_path

    def load(self, page: str) -> EngineLoad:
        """Its page as the facts that scaling reads."""
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
"""It has no route that makes text of tokens."""
ALL: Final = (VLLM, SGLANG, TENSORRT)
RICHER: Final = (VLLM, SGLANG)
"""Those that take more of a request than OpenAI's clients send, and tell tokens and latencies of their own."""


def under_test() -> tuple[EngineWords, ...]:
    """Ours are asked of every kind; a server that was named is of one, and the real one that is started is vLLM."""
    choice = os.environ.get(CHOICE, OURS)
    if choice == OURS:
        return ALL
    named = os.environ.get(NAMED, EngineKind.VLLM) if "://" in choice else EngineKind.VLLM
    return tuple(one for one in ALL if one.kind == named)
