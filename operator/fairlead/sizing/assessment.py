"""The assessment of one configuration. It fits only if the low estimate of the KV cache suffices.

It is refused only if even high is too small; routers, scalers and plans use likely.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from fairlead.fleet.fit import Estimate, Fit, FitReason, FitVerdict, MemoryBreakdown, NoFit
from fairlead.fleet.plurals import count
from fairlead.sizing import kv_pages, memory
from fairlead.sizing.sizing_input import GIB, SizingInput

FitRefusal = tuple[FitReason, str]


def assess(sizing: SizingInput) -> Fit | NoFit:
    """Assess whether the engine starts and holds the requested sequences; alternatives come later."""
    for check in _BEFORE_COUNTING:
        if refusal := check(sizing):
            return NoFit(reason=refusal[0], because=refusal[1], memory=None)
    breakdown = memory.memory(sizing)
    refused = _refused(sizing, breakdown)
    if refused:
        return NoFit(reason=refused[0], because=refused[1], memory=breakdown)
    sure = _sure(sizing, breakdown)
    if sizing.accelerator.is_cpu:
        breakdown = replace(breakdown, kv=_given_cache(sizing, breakdown))
    tokens, sequences = kv_pages.spans(sizing, breakdown.kv)
    return Fit(
        verdict=FitVerdict.FITS if sure else FitVerdict.TIGHT,
        reason=FitReason.ROOM_ENOUGH if sure else FitReason.WITHIN_DOUBT,
        because=_in_words(sizing, breakdown, sure=sure),
        memory=breakdown,
        kv_tokens=tokens,
        sequences=sequences,
    )


def wanted_sequences(sizing: SizingInput) -> int:
    """Return the requested sequences, capped at the engine's own batch limit."""
    return min(sizing.sequences, sizing.batch_sequences)


def _context_exceeds_model(sizing: SizingInput) -> FitRefusal | None:
    if sizing.context <= sizing.shape.positions:
        return None
    words = f"the context has {sizing.context} tokens, and the model was made for {sizing.shape.positions}"
    return FitReason.CONTEXT_EXCEEDS_MODEL, words


def _heads_not_divisible(sizing: SizingInput) -> FitRefusal | None:
    shape, gpus = sizing.shape, sizing.attention_ways
    if shape.divides_heads(gpus):
        return None
    words = f"{shape.heads} attention heads cannot be shared evenly by {gpus} GPUs: use a divisor of {shape.heads}"
    if shape.heads % gpus == 0:
        words = f"{shape.kv_heads} KV heads cannot be shared evenly by {gpus} GPUs, nor repeated equally often"
        if replace(shape, recurrent=None).divides_heads(gpus):
            words = f"heads of linear attention cannot be shared evenly by {gpus} GPUs"
    return FitReason.HEADS_NOT_DIVISIBLE, words


_BEFORE_COUNTING: Final[tuple[Callable[[SizingInput], FitRefusal | None], ...]] = (
    _context_exceeds_model,
    _heads_not_divisible,
)


def _refused(sizing: SizingInput, breakdown: MemoryBreakdown) -> FitRefusal | None:
    """Return the refusal if not even the high estimate suffices."""
    if memory.usable_cache(sizing, breakdown.kv.high) <= 0 or memory.is_overfull(sizing, breakdown):
        budget = _gib(breakdown.budget)
        words = f"{_taken(breakdown)} GiB are needed before any KV cache, and the engine may use {budget} GiB"
        return FitReason.WEIGHTS_EXCEED_MEMORY, words + _least_cache(sizing)
    usable, one = max(0, _usable(sizing, breakdown.kv.high)), kv_pages.pages_a_request(sizing, sizing.context)
    most = f"the KV cache{_stated(sizing)} holds at most {usable / one:.2f} requests of {sizing.context} tokens"
    if usable < one:
        return FitReason.CONTEXT_EXCEEDS_CACHE, most
    if usable < one * wanted_sequences(sizing):
        return FitReason.SEQUENCES_EXCEED_CACHE, f"{most}; {wanted_sequences(sizing)} are needed"
    if usable < _states_wanted(sizing):
        words = f"graphs need state for each of {sizing.batch_sequences} sequences; there is room for {usable} at most"
        return FitReason.STATES_FEWER_THAN_SEQUENCES, f"{words}: lower maxSequences, or set eager"
    return None


def _stated(sizing: SizingInput) -> str:
    stated = memory.stated_cache(sizing)
    return "" if stated is None else f", {stated / GIB:.1f} GiB by extraArgs,"


def _least_cache(sizing: SizingInput) -> str:
    """On a processor the cache is set in possibly large steps, so a little memory left may mean no cache."""
    host = sizing.release.host if sizing.accelerator.is_cpu else None
    if host is None or host.cache_step_bytes < GIB:
        return ""
    return f"; {host.cache_step_bytes / GIB:g} GiB is the smallest cache that can be set"


def _sure(sizing: SizingInput, breakdown: MemoryBreakdown) -> bool:
    """Whether the low estimate suffices and, in an older release, the graphs fit outside the engine's share."""
    enough = _suffices(sizing, breakdown.kv.low)
    if sizing.sets_graphs_aside or sizing.accelerator.is_cpu:
        return enough
    return enough and memory.unshared(sizing, breakdown).likely >= breakdown.graphs.likely


def _suffices(sizing: SizingInput, available: float) -> bool:
    return _usable(sizing, available) >= _wanted_pages(sizing)


def _usable(sizing: SizingInput, available: float) -> int:
    """Pages that requests can use; the engine takes one more as its null page."""
    return kv_pages.pool(sizing).pages(memory.usable_cache(sizing, available)) - 1


def _states_wanted(sizing: SizingInput) -> int:
    """With graph capture vLLM refuses a recurrent model with fewer states than sequences in a batch. An engine with a
    static share lowers its batch instead."""
    if sizing.static_share is not None or sizing.eager or not sizing.shape.recurrent:
        return 0
    return sizing.batch_sequences


def _given_cache(sizing: SizingInput, breakdown: MemoryBreakdown) -> Estimate:
    """Return the KV cache to set on a processor: what is surely free, or the least that holds the requested sequences;
    an engine whose cache is not free fails to start."""
    page, wanted = kv_pages.pool(sizing).page_bytes, _wanted_pages(sizing)
    sure = memory.usable_cache(sizing, breakdown.kv.low)
    return Estimate.exact(max(sure, memory.least_cache(sizing, (wanted + 1) * page)))


def _wanted_pages(sizing: SizingInput) -> int:
    one = kv_pages.pages_a_request(sizing, sizing.context)
    return max(one * wanted_sequences(sizing), _states_wanted(sizing))


def _in_words(sizing: SizingInput, breakdown: MemoryBreakdown, *, sure: bool) -> str:
    uncertain = "likely" if _suffices(sizing, breakdown.kv.likely) else "perhaps"
    how = "certainly" if sure else uncertain
    many = count(wanted_sequences(sizing), "request")
    left = _gib(breakdown.kv) if breakdown.kv.likely > 0 else f"at best {breakdown.kv.high / GIB:.1f}"
    become = "are left for the KV cache" if memory.stated_cache(sizing) is None else "are the KV cache by extraArgs"
    return (
        f"{how} holds {many} of {sizing.context} tokens: {left} of {_gib(breakdown.budget)} GiB {become}; "
        f"{breakdown.largest.takes} the most{_beside(sizing, breakdown)}"
    )


def _beside(sizing: SizingInput, breakdown: MemoryBreakdown) -> str:
    """Name what is in main memory and takes none of a GPU: weights, and tokens whose blocks outlive eviction."""
    parts = [f"{breakdown.offloaded / GIB:.1f} GiB of weights are in main memory"] if breakdown.offloaded else []
    if breakdown.host_cache:
        tokens = sizing.ranks * kv_pages.tokens(sizing, breakdown.host_cache / sizing.parallelism.gpus)
        parts.append(f"{breakdown.host_cache / GIB:.1f} GiB of main memory keep blocks of {count(tokens, 'token')}")
    return "".join(f"; {one}" for one in parts)


def _taken(breakdown: MemoryBreakdown) -> str:
    return _gib(breakdown.budget.minus(breakdown.kv))


def _gib(estimate: Estimate) -> str:
    return f"{estimate.likely / GIB:.1f}"
