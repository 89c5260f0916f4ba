"""Whether speculative decoding is possible as the spec sets it: method, draft, tokens and vocabulary."""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.spec_speculation import FIELD, refusal
from fairlead.engines.vllm import adapters, defaults
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.fleet.plurals import count

GOOD_ACCEPTANCE: Final = 0.8
"""Acceptance rate of a single draft token with a draft that suits its model well."""
WORTH_TRYING: Final = 0.1
"""A draft token that is accepted less often than this costs more than it can save."""


def lookup_reversed(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "prompt_lookup_min=4 must be <= prompt_lookup_max=2"; if one is given, it sets both."""
    speculation = setup.engine.speculation
    low, high = speculation.lookup_min, speculation.lookup_max
    if speculation.method is not SpeculationMethod.NGRAM or low is None or high is None or low <= high:
        return None
    return refusal(
        "lookupMin",
        str(low),
        EngineReason.SPECULATION_OUT_OF_RANGE,
        f"the shortest repetition cannot be longer than the longest, which is {high}",
        f"write {high} or less",
    )


def lookup_unused(setup: EngineSetup) -> SpecRefusal | None:
    """Lookups belong to ngram; other methods ignore them."""
    speculation = setup.engine.speculation
    given = {"lookupMin": speculation.lookup_min, "lookupMax": speculation.lookup_max}
    name = next((name for name, value in given.items() if value is not None), None)
    if name is None or speculation.method in {SpeculationMethod.NGRAM, SpeculationMethod.OFF}:
        return None
    return refusal(
        name,
        str(given[name]),
        EngineReason.SPECULATION_NOT_POSSIBLE,
        f"{speculation.method} does not search the prompt",
        f"remove it, or write ngram as {FIELD}.method",
    )


def no_multiple_of_mtp_layers(setup: EngineSetup) -> SpecRefusal | None:
    """Above the number of a target's MTP layers, `num_speculative_tokens` must be a multiple of it."""
    speculation = setup.engine.speculation
    layers = setup.shape.mtp_layers if setup.shape else 0
    if speculation.method is not SpeculationMethod.MTP or layers == 0:
        return None
    if speculation.tokens <= layers or speculation.tokens % layers == 0:
        return None
    return refusal(
        "tokens",
        str(speculation.tokens),
        EngineReason.SPECULATION_OUT_OF_RANGE,
        f"with {count(layers, 'layer')} for multi-token prediction more tokens must be a multiple of {layers}",
        f"write {speculation.tokens // layers * layers}",
    )


def too_many_draft_tokens(setup: EngineSetup) -> SpecWarning | None:
    """A draft token counts only if all before it were right, so the last of many hardly ever does."""
    tokens = setup.engine.speculation.tokens
    right = GOOD_ACCEPTANCE**tokens
    if right >= WORTH_TRYING:
        return None
    return SpecWarning(
        field=f"{FIELD}.tokens",
        value=str(tokens),
        reason=EngineReason.SLOWER,
        because=f"each step computes {tokens + 1} tokens, and the last draft token is accepted once in "
        f"{1 / right:,.0f} steps even if {GOOD_ACCEPTANCE:.0%} of single ones are",
        remedy="write 3 to 5, and raise it only if the measured acceptance says so",
    )


def batch_too_small_with_adapters(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Consider increasing max_num_batched_tokens or decreasing num_speculative_tokens", with LoRA."""
    speculation, batched = setup.engine.speculation, defaults.batched_tokens(setup)
    if speculation.method is SpeculationMethod.OFF or not adapters.slot_ranks(setup.engine) or batched is None:
        return None
    each = 1 + max(0, speculation.tokens)
    sequences = defaults.sequences(setup)
    needed = sequences * each
    if batched >= needed:
        return None
    return SpecRefusal(
        field="spec.engine.batching.maxBatchedTokens",
        value=str(batched),
        reason=EngineReason.BATCH_TOO_SMALL,
        because=f"with adapters a step must hold {count(sequences, 'request')} of {each}: {count(needed, 'token')}",
        remedy=f"write {needed}, or {max(1, batched // each)} as spec.engine.batching.maxSequences",
    )
