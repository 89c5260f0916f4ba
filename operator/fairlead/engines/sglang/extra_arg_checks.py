"""What free extra arguments must agree with: one another, and the typed fields."""

from collections.abc import Callable
from typing import Final

from fairlead.engines import extra_args
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.sglang import written_numbers
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.plurals import count

_EXPERTS: Final = ("--ep-size", "--expert-parallel-size", "--ep")
_REDUNDANT: Final = "--ep-num-redundant-experts"
_ATTENTION: Final = ("--attn-dp-size", "--attention-data-parallel-size")
_BY_COPIES: Final = "--enable-dp-attention"
POOL: Final = "--max-total-tokens"
_CHAINED: Final = frozenset({SpeculationMethod.NGRAM, SpeculationMethod.DRAFT_MODEL})
PRIORITIES: Final = "--enable-priority-scheduling"
SMALLER_FIRST: Final = "--schedule-low-priority-values-first"


def experts_over_other_gpus(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/arg_groups/parallel_hook.py` requires ep x moe-dp = tp only with attention ranks; a run took ep 3 with tp
    2."""
    degree, tensor = _number(setup, *_EXPERTS), setup.revision.parallelism.tensor
    spread = _number(setup, "--moe-dp-size", "--moe-data-parallel-size") or 1
    if degree is None or degree == 1 or degree * spread == tensor:
        return None
    return _refusal(
        f"--ep-size {degree}",
        f"experts are spread over the GPUs of spec.parallelism.tensor, {tensor}, all of them",
        f"write {max(1, tensor // max(1, spread))}, or remove it",
    )


def attention_ranks(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/arg_groups/parallel_hook.py` and `speculative_hook.py`: "does not support dp attention"."""
    degree, tensor = _number(setup, *_ATTENTION), setup.revision.parallelism.tensor
    if degree is None or degree == 1:
        return None
    method = setup.engine.speculation.method
    if method in _CHAINED:
        because, remedy = f"speculation by {method} has no attention ranks", "remove it, or write eagle3 or mtp"
    elif setup.revision.parallelism.data > 1:
        because, remedy = "spec.parallelism.data does the same, and both together are refused", "remove it"
    elif degree < 1 or tensor % degree:
        because, remedy = f"it must divide spec.parallelism.tensor, {tensor}", "remove it, or write a divisor"
    else:
        return None
    return _refusal(f"--attn-dp-size {degree}", because, remedy)


def attention_by_copies(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/arg_groups/parallel_hook.py: handle_deprecated_dp_attention` takes `--dp-size` for ranks inside tensor
    parallelism, so the GPUs of the copies would idle. Beside `--attn-dp-size` it changes nothing."""
    if not setup.gives(_BY_COPIES) or (_number(setup, *_ATTENTION) or 1) > 1:
        return None
    copies = setup.revision.parallelism.data
    ranks = f"write --attn-dp-size {copies} instead, and 1 as spec.parallelism.data"
    return _refusal(
        _BY_COPIES,
        "this older flag divides attention by --dp-size, and Fairlead counts the GPUs of spec.parallelism.data as more",
        ranks if copies > 1 else "write --attn-dp-size N instead, or remove it",
    )


def attention_degree(setup: EngineSetup) -> int:
    """Return into how many ranks attention is divided: 1 if it is not, or not evenly, which is refused."""
    degree, tensor = _number(setup, *_ATTENTION), setup.revision.parallelism.tensor
    return 1 if degree is None or degree < 1 or tensor % degree else degree


def spreads_experts(setup: EngineSetup) -> bool:
    """Whether each expert stays whole on one GPU; a degree of 1, the default, divides every expert."""
    return (_number(setup, *_EXPERTS) or 1) > 1


def redundant_experts(setup: EngineSetup) -> int:
    """`srt/models/deepseek_v2.py` makes so many experts of each layer beyond the checkpoint's."""
    return max(0, _number(setup, _REDUNDANT) or 0)


def pool_below_context(setup: EngineSetup) -> SpecRefusal | None:
    """In a run, a prompt that just passes validation was never admitted to a pool smaller than the context, all
    requests behind it hung, and `/health` stayed healthy; `srt/managers/tp_worker.py` only warns."""
    pool, context = _number(setup, POOL, read=written_numbers.tokens), setup.context_tokens
    if pool is None or context is None or pool >= context:
        return None
    return _refusal(
        f"{POOL} {pool}",
        f"a request may take {count(context, 'token')}, and one that does not fit blocks all requests behind it for "
        "good",
        f"remove it, or write {context} or more, or {pool} as spec.engine.context.maxTokens",
    )


def batch_no_multiple_of_pages(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/arg_groups/validation_hook.py: check_server_args`: "chunked_prefill_size must be divisible by page_size"."""
    page, batched = _number(setup, "--page-size"), setup.engine.max_batched_tokens
    if page is None or page < 1 or batched is None or batched % page == 0:
        return None
    return SpecRefusal(
        field="spec.engine.batching.maxBatchedTokens",
        value=str(batched),
        reason=EngineReason.BATCH_TOO_SMALL,
        because=f"with --page-size {page} it must be a multiple of {page}",
        remedy=f"write {max(page, batched // page * page)}",
    )


def priorities_upside_down(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/managers/schedule_policy.py` serves larger numbers first; routers send a tenant's rank, 0 first."""
    if not setup.gives(PRIORITIES) or setup.gives(SMALLER_FIRST):
        return None
    return _refusal(
        PRIORITIES,
        "SGLang serves larger numbers first, and routers send 0 for the first band of tenants",
        f"add {SMALLER_FIRST}",
    )


def _number(setup: EngineSetup, *flags: str, read: Callable[[str], int] = int) -> int | None:
    """Read a flag with several names as SGLang does; what it cannot read is left to its parser to refuse."""
    written = next((value for flag in flags if (value := setup.value(flag)) is not None), "")
    try:
        return read(written)
    except ValueError:
        return None


def _refusal(value: str, because: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(
        field=extra_args.FIELD,
        value=value,
        reason=EngineReason.ARGUMENT_CONFLICTS,
        because=because,
        remedy=remedy,
    )
