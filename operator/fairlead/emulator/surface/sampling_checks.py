"""Checks of sampling parameters, with vLLM's order and messages. The first failure is the error."""

from collections.abc import Callable
from typing import Final

from fairlead.emulator.surface import errors
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.generation_requests import SamplingParams

MAX_CHOICES: Final = 16_384
_GREEDY: Final = 1e-5
"""Decoding is greedy if the temperature is below this."""
SamplingCheck = Callable[[SamplingParams], ErrorResponse | None]


def check(sampling: SamplingParams, *, max_logprobs: int, vocabulary: int) -> None:
    """Refuse the sampling parameters that vLLM refuses."""
    error = next((error for rule in _RULES if (error := rule(sampling))), None) or _beyond(
        sampling, max_logprobs, vocabulary
    )
    if error is not None:
        raise error


def check_length(wanted: int | None, context: int, name: str) -> None:
    """Refuse more tokens than the whole context, before the prompt is read."""
    if wanted is not None and wanted > context:
        why = f"{name}={wanted} cannot be greater than max_model_len={context}. Please request fewer output tokens."
        raise errors.bad_request(why, name, wanted)


def _choices(sampling: SamplingParams) -> ErrorResponse | None:
    if sampling.n < 1:
        return errors.bad_request(f"n must be at least 1, got {sampling.n}.")
    if sampling.n > MAX_CHOICES:
        how = "To increase this limit, set the VLLM_MAX_N_SEQUENCES environment variable."
        return errors.bad_request(f"n must be at most {MAX_CHOICES}, got {sampling.n}. {how}")
    return None


def _penalties(sampling: SamplingParams) -> ErrorResponse | None:
    for name in ("presence_penalty", "frequency_penalty"):
        penalty = getattr(sampling, name)
        if not -2.0 <= penalty <= 2.0:
            return errors.bad_request(f"{name} must be in [-2, 2], got {penalty}.")
    if sampling.repetition_penalty <= 0:
        return errors.bad_request(f"repetition_penalty must be greater than zero, got {sampling.repetition_penalty}.")
    return None


def _temperature(sampling: SamplingParams) -> ErrorResponse | None:
    if sampling.temperature < 0:
        why = f"temperature must be non-negative, got {sampling.temperature}."
        return errors.bad_request(why, "temperature", sampling.temperature)
    return None


def _shares(sampling: SamplingParams) -> ErrorResponse | None:
    if not 0 < sampling.top_p <= 1:
        return errors.bad_request(f"top_p must be in (0, 1], got {sampling.top_p}.", "top_p", sampling.top_p)
    if sampling.top_k < -1:
        return errors.bad_request(f"top_k must be 0 (disable), or at least 1, got {sampling.top_k}.")
    if not 0 <= sampling.min_p <= 1:
        return errors.bad_request(f"min_p must be in [0, 1], got {sampling.min_p}.")
    return None


def _lengths(sampling: SamplingParams) -> ErrorResponse | None:
    if sampling.max_tokens < 1:
        why = f"max_tokens must be at least 1, got {sampling.max_tokens}."
        return errors.bad_request(why, "max_tokens", sampling.max_tokens)
    if sampling.min_tokens < 0:
        return errors.bad_request(f"min_tokens must be greater than or equal to 0, got {sampling.min_tokens}.")
    if sampling.min_tokens > sampling.max_tokens:
        why = f"min_tokens must be less than or equal to max_tokens={sampling.max_tokens}, got {sampling.min_tokens}."
        return errors.bad_request(why)
    return None


def _stops(sampling: SamplingParams) -> ErrorResponse | None:
    return errors.bad_request("stop cannot contain an empty string.") if "" in sampling.stop else None


def _greedy(sampling: SamplingParams) -> ErrorResponse | None:
    if sampling.temperature < _GREEDY and sampling.n > 1:
        return errors.bad_request(f"n must be 1 when using greedy sampling, got {sampling.n}.")
    return None


_RULES: Final[tuple[SamplingCheck, ...]] = (_choices, _penalties, _temperature, _shares, _lengths, _stops, _greedy)


def _beyond(sampling: SamplingParams, max_logprobs: int, vocabulary: int) -> ErrorResponse | None:
    """Checks against limits of the model."""
    most = vocabulary if max_logprobs == -1 else max_logprobs
    for kind, wanted, name in (
        ("sample", sampling.logprobs, "logprobs"),
        ("prompt", sampling.prompt_logprobs, "prompt_logprobs"),
    ):
        count = vocabulary if wanted == -1 else wanted or 0
        if count > most:
            why = f"Requested {kind} logprobs of {count}, which is greater than max allowed: {most}"
            return errors.bad_request(why, name, count)
    outside = [number for number in sampling.stop_token_ids if not 0 <= number < vocabulary]
    if outside:
        why = f"token_id(s) {outside} in stop_token_ids contain out-of-vocab token ids. Vocabulary size: {vocabulary}"
        return errors.bad_request(why, "stop_token_ids", outside)
    return None
