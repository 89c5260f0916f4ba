"""Whether speculative decoding is possible as the spec sets it: method, draft, tokens and vocabulary."""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.spec_speculation import FIELD, draft_tokens, refusal
from fairlead.engines.vllm import adapters, defaults, extra_arg_checks
from fairlead.fleet import draft_cost
from fairlead.fleet.desired_state import SourceScheme, SpeculationMethod
from fairlead.fleet.draft_cost import DraftCost
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.fleet.plurals import count

_HEADS: Final = frozenset({SpeculationMethod.EAGLE3, SpeculationMethod.MTP})
"""Methods whose draft has layers that read the target's hidden states."""
COST: Final = DraftCost(gpu_lookup=draft_cost.BY_GPU, launch_s=draft_cost.LAYER_LAUNCH_S)
"""It looks up on the GPU, and launches a draft model layer by layer."""
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


def draft_heads_not_divisible(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Total number of attention heads (14) must be divisible by tensor parallel size (4).": a draft model runs
    with its target's degree."""
    draft, tensor = setup.draft_shape, setup.revision.parallelism.tensor
    if setup.engine.speculation.method is not SpeculationMethod.DRAFT_MODEL or draft is None or tensor < 1:
        return None
    if draft.heads % tensor == 0:
        return None
    return refusal(
        "draft.source",
        draft.name,
        EngineReason.HEADS_NOT_DIVISIBLE,
        f"vLLM spreads it over {count(tensor, 'GPU')} too, which cannot share its {draft.heads} attention heads evenly",
        f"name a draft whose heads are a multiple of {tensor}, or write ngram as {FIELD}.method",
    )


def draft_in_a_bucket(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Cannot find any model weights": `load_eagle_model` takes the load format of the target, which is changed
    to streaming only if the target is in a bucket; a draft model changes it itself."""
    speculation, streamed = setup.engine.speculation, extra_arg_checks.load_format(setup) in extra_arg_checks.STREAMED
    draft = speculation.draft
    if speculation.method not in _HEADS or draft is None or draft.scheme is not SourceScheme.S3 or streamed:
        return None
    if setup.revision.model.source.scheme is SourceScheme.S3:
        return None
    return refusal(
        "draft.source",
        f"s3://{draft.location}",
        EngineReason.NOT_IN_ENGINE,
        f"with {speculation.method}, vLLM streams a draft from a bucket only if the model is in one too",
        "put the draft on a volume or in an image, or add --load-format=runai_streamer to spec.engine.extraArgs",
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
    each = 1 + max(0, draft_tokens(setup))
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
