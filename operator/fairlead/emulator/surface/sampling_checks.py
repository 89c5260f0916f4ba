"""Checks of sampling parameters, in vLLM's order and words. The first that fails is the error."""

from collections.abc import Callable
from typing import Final

from fairlead.emulator.surface import errors
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.generation_requests import SamplingParams

MOST_CHOICES: Final = 16_384
_GREEDY: Final = 1e-5
"""A temperature below it means greedy decoding."""
SamplingCheck = Callable[[SamplingParams], ErrorResponse | None]


def check(asked: SamplingParams, *, max_logprobs: int, vocabulary: int) -> None:
    """Refuse the sampling parameters that vLLM refuses."""
    no = next((no for rule in _RULES if (no := rule(asked))), None) or _beyond(asked, max_logprobs, vocabulary)
    if no is not None:
        raise no


def check_length(wanted: int | None, context: int, name: str) -> None:
    """Refuse more tokens than the whole context before the prompt is read."""
    if wanted is not None and wanted > context:
        why = f"{name}={wanted} cannot be greater than max_model_len={context}. Please request fewer output tokens."
        raise errors.bad_request(why, name, wanted)


def _choices(asked: SamplingParams) -> ErrorResponse | None:
    if asked.n < 1:
        return errors.bad_request(f"n must be at least 1, got {asked.n}.")
    if asked.n > MOST_CHOICES:
        how = "To increase this limit, set the VLLM_MAX_N_SEQUENCES environment variable."
        return errors.bad_request(f"n must be at most {MOST_CHOICES}, got {asked.n}. {how}")
    return None


def _penalties(asked: SamplingParams) -> ErrorResponse | None:
    for name in ("presence_penalty", "frequency_penalty"):
        penalty = getattr(asked, name)
        if not -2.0 <= penalty <= 2.0:
            return errors.bad_request(f"{name} must be in [-2, 2], got {penalty}.")
    if asked.repetition_penalty <= 0:
        return errors.bad_request(f"repetition_penalty must be greater than zero, got {asked.repetition_penalty}.")
    return None


def _temperature(asked: SamplingParams) -> ErrorResponse | None:
    if asked.temperature < 0:
        why = f"temperature must be non-negative, got {asked.temperature}."
        return errors.bad_request(why, "temperature", asked.temperature)
    return None


def _shares(asked: SamplingParams) -> ErrorResponse | None:
    if not 0 < asked.top_p <= 1:
        return errors.bad_request(f"top_p must be in (0, 1], got {asked.top_p}.", "top_p", asked.top_p)
    if asked.top_k < -1:
        return errors.bad_request(f"top_k must be 0 (disable), or at least 1, got {asked.top_k}.")
    if not 0 <= asked.min_p <= 1:
        return errors.bad_request(f"min_p must be in [0, 1], got {asked.min_p}.")
    return None


def _lengths(asked: SamplingParams) -> ErrorResponse | None:
    if asked.max_tokens < 1:
        why = f"max_tokens must be at least 1, got {asked.max_tokens}."
        return errors.bad_request(why, "max_tokens", asked.max_tokens)
    if asked.min_tokens < 0:
        return errors.bad_request(f"min_tokens must be greater than or equal to 0, got {asked.min_tokens}.")
    if asked.min_tokens > asked.max_tokens:
        why = f"min_tokens must be less than or equal to max_tokens={asked.max_tokens}, got {asked.min_tokens}."
        return errors.bad_request(why)
    return None


def _stops(asked: SamplingParams) -> ErrorResponse | None:
    return errors.bad_request("stop cannot contain an empty string.") if "" in asked.stop else None


def _greedy(asked: SamplingParams) -> ErrorResponse | None:
    if asked.temperature < _GREEDY and asked.n > 1:
        return errors.bad_request(f"n must be 1 when using greedy sampling, got {asked.n}.")
    return None


_RULES: Final[tuple[SamplingCheck, ...]] = (_choices, _penalties, _temperature, _shares, _lengths, _stops, _greedy)


def _beyond(asked: SamplingParams, max_logprobs: int, vocabulary: int) -> ErrorResponse | None:
    """Checks against limits of the model."""
    most = vocabulary if max_logprobs == -1 else max_logprobs
    for kind, wanted, name in (
        ("sample", asked.logprobs, "logprobs"),
        ("prompt", asked.prompt_logprobs, "prompt_logprobs"),
    ):
        count = vocabulary if wanted == -1 else wanted or 0
        if count > most:
            why = f"Requested {kind} logprobs of {count}, which is greater than max allowed: {most}"
            return errors.bad_request(why, name, count)
    outside = [number for number in asked.stop_token_ids if not 0 <= number < vocabulary]
    if outside:
        why = f"token_id(s) {outside} in stop_token_ids contain out-of-vocab token ids. Vocabulary size: {vocabulary}"
        return errors.bad_request(why, "stop_token_ids", outside)
    return None
