"""Whether lengths, batches and memory shares are possible together."""

from fairlead.engines import field_flags
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import default_batch, defaults
from fairlead.engines.vllm.field_flags import FIELDS
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.plurals import count

LONGER_ALLOWED = "VLLM_ALLOW_LONG_MAX_MODEL_LEN"


def batch_below_sequences(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "max_num_batched_tokens (8) must be greater than or equal to max_num_seqs (16)."."""
    batched, sequences = defaults.batched_tokens(setup), setup.engine.max_sequences
    if batched is None or sequences is None or batched >= sequences:
        return None
    return SpecRefusal(
        field="spec.engine.batching.maxBatchedTokens",
        value=str(batched),
        reason=EngineReason.BATCH_TOO_SMALL,
        because=f"each running request takes at least one token of a step, and there may be {sequences:,}",
        remedy=f"write {sequences} or more, or {batched} as spec.engine.batching.maxSequences",
    )


def prompts_in_one_piece(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "max_num_batched_tokens (512) is smaller than max_model_len (32768).", once chunked prefill is off.

    A budget that was not set is raised to the context by vLLM itself.
    """
    batched, context = setup.engine.max_batched_tokens, setup.context_tokens
    if not default_batch.holds_whole_prompts(setup) or batched is None or context is None or batched >= context:
        return None
    return SpecRefusal(
        field="spec.engine.batching.maxBatchedTokens",
        value=str(batched),
        reason=EngineReason.BATCH_TOO_SMALL,
        because=f"--no-enable-chunked-prefill makes a step hold the longest prompt, {count(context, 'token')}",
        remedy=f"remove the argument, or write {context}",
    )


def out_of_range(setup: EngineSetup) -> SpecRefusal | None:
    """vLLM's range errors: it does not start with counts below one."""
    return field_flags.count_out_of_range(setup, FIELDS)


def share_out_of_range(setup: EngineSetup) -> SpecRefusal | None:
    """`--gpu-memory-utilization` is a share of the whole memory in (0, 1]."""
    share = setup.engine.memory_utilization
    if share is None or 0 < share <= 1:
        return None
    return _range(
        "spec.engine.memoryUtilization",
        f"{share:g}",
        "must be above 0 and at most 1",
        "leave it out for the default of 0.92",
    )


def _range(field: str, value: str, because: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(field=field, value=value, reason=EngineReason.OUT_OF_RANGE, because=because, remedy=remedy)
