"""`usage` in SGLang's responses: `srt/entrypoints/openai/usage_processor.py`."""

from collections.abc import Sequence
from typing import Any, Final

from fairlead.emulator.surface.jobs import JobHandle
from fairlead.emulator.surface.response_writers import ResponseContext

WEIGHTS: Final = "default"
"""The version of weights that were never replaced."""


def usage(prompt_tokens: int, tokens: int, cached: int | None = None) -> dict[str, Any]:
    """Return all its fields; cached tokens only with `--enable-cache-report`."""
    return {
        "prompt_tokens": prompt_tokens,
        "total_tokens": prompt_tokens + tokens,
        "completion_tokens": tokens,
        "prompt_tokens_details": None if cached is None else {"cached_tokens": cached},
        "reasoning_tokens": 0,
        "completion_tokens_details": None,
    }


def of(response: ResponseContext, outs: Sequence[int], job: JobHandle) -> dict[str, Any]:
    """Sum the request's usage; a prompt with several choices counts once, by its first."""
    cached = sum(job.cached_tokens[:: response.request.sampling.n]) if response.details else None
    return usage(response.prompt_tokens, sum(outs), cached)


def metadata(outs: Sequence[int]) -> dict[str, Any]:
    """Return which weights generated the first choice, from its first token to its last, as a run showed."""
    span = {"version": WEIGHTS, "start": 0, "end": outs[0]}
    return {"weight_version": WEIGHTS, "weight_versions": [span]}
