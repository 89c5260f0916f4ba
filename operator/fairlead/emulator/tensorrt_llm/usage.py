"""`usage` in TensorRT-LLM's responses: `serve/openai_protocol.py: UsageInfo`."""

from collections.abc import Sequence
from typing import Any

from fairlead.emulator.surface.jobs import JobHandle
from fairlead.emulator.surface.response_writers import ResponseContext


def usage(prompt_tokens: int, tokens: int, cached: int) -> dict[str, Any]:
    """Return all its fields; cached tokens are always reported."""
    return {
        "prompt_tokens": prompt_tokens,
        "total_tokens": prompt_tokens + tokens,
        "completion_tokens": tokens,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def of(response: ResponseContext, outs: Sequence[int], job: JobHandle) -> dict[str, Any]:
    """Sum the request's usage; a prompt with several choices counts once, by its first."""
    return usage(response.prompt_tokens, sum(outs), sum(job.cached_tokens[:: response.request.sampling.n]))


def by_prompt(response: ResponseContext, outs: Sequence[int], job: JobHandle) -> list[dict[str, Any]]:
    """Return the usage of each prompt: a stream reports them separately."""
    choices = response.request.sampling.n
    return [
        usage(
            len(prompt),
            sum(outs[place * choices : (place + 1) * choices]),
            job.cached_tokens[place * choices],
        )
        for place, prompt in enumerate(response.prompts)
    ]
