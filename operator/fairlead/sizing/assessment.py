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


def assess(question: SizingInput) -> Fit | NoFit:
    """Assess whether the engine starts and holds the requested sequences; alternatives come later."""
    for check in _BEFORE_COUNTING:
        if refusal := check(question):
            return NoFit(reason=refusal[0], because=refusal[1], memory=None)
    counted = memory.memory(question)
    refused = _refused(question, counted)
    if refused:
        return NoFit(reason=refused[0], because=refused[1], memory=counted)
    sure = _sure(question, counted)
    if question.accelerator.is_cpu:
        counted = replace(counted, kv=_given_cache(question, counted))
    tokens, sequences = kv_pages.spans(question, counted.kv)
    return Fit(
        verdict=FitVerdict.FITS if sure else FitVerdict.TIGHT,
        reason=FitReason.ROOM_ENOUGH if sure else FitReason.WITHIN_DOUBT,
        because=_in_words(question, counted, sure=sure),
        memory=counted,
        kv_tokens=tokens,
        sequences=sequences,
    )


def wanted_sequences(question: SizingInput) -> int:
    """Return the requested sequences, capped at the engine's own batch limit."""
    return min(question.sequences, question.batch_sequences)


def _context_exceeds_model(question: SizingInput) -> FitRefusal | None:
    if question.context <= question.shape.positions:
        return None
    words = f"the context has {question.context} tokens, and the model was made for {question.shape.positions}"
    return FitReason.CONTEXT_EXCEEDS_MODEL, words


def _heads_not_divisible(question: SizingInput) -> FitRefusal | None:
    shape, gpus = question.shape, question.attention_ways
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


def _refused(question: SizingInput, counted: MemoryBreakdown) -> FitRefusal | None:
    """Return the refusal if not even the high estimate suffices."""
    if memory.usable_cache(question, counted.kv.high) <= 0 or memory.is_overfull(question, counted):
        words = (
            f"{_taken(counted)} GiB are needed before any KV cache, and the engine may use {_gib(counted.budget)} GiB"
        )
        return FitReason.WEIGHTS_EXCEED_MEMORY, words + _least_cache(question)
    usable, one = _usable(question, counted.kv.high), kv_pages.pages_a_request(question, question.context)
    most = f"the KV cache holds at most {usable / one:.2f} requests of {question.context} tokens"
    if usable < one:
        return FitReason.CONTEXT_EXCEEDS_CACHE, most
    if usable < one * wanted_sequences(question):
        return FitReason.SEQUENCES_EXCEED_CACHE, f"{most}; {wanted_sequences(question)} are wanted"
    if usable < _states_wanted(question):
        words = (
            f"graphs need state for each of {question.batch_sequences} sequences; there is room for {usable} at most"
        )
        return FitReason.STATES_FEWER_THAN_SEQUENCES, f"{words}: lower maxSequences, or set eager"
    return None


def _least_cache(question: SizingInput) -> str:
    """On a processor the cache is set in possibly large steps, so a little memory left may mean no cache."""
    host = question.release.host if question.accelerator.is_cpu else None
    if host is None or host.cache_step_bytes < GIB:
        return ""
    return f"; {host.cache_step_bytes / GIB:g} GiB is the smallest cache that can be set"


def _sure(question: SizingInput, counted: MemoryBreakdown) -> bool:
    """Whether the low estimate suffices and, in an older release, the graphs fit outside the engine's share."""
    enough = _suffices(question, counted.kv.low)
    if question.release.sets_graphs_aside or question.accelerator.is_cpu:
        return enough
    return enough and memory.unshared(question, counted).likely >= counted.graphs.likely


def _suffices(question: SizingInput, available: float) -> bool:
    return _usable(question, available) >= _wanted_pages(question)


def _usable(question: SizingInput, available: float) -> int:
    """Pages that requests can use; the engine takes one more as its null page."""
    return kv_pages.pool(question).pages(memory.usable_cache(question, available)) - 1


def _states_wanted(question: SizingInput) -> int:
    """With graph capture vLLM refuses a recurrent model with fewer states than sequences in a batch. An engine with a
    static share lowers its batch instead."""
    if question.static_share is not None or question.eager or not question.shape.recurrent:
        return 0
    return question.batch_sequences


def _given_cache(question: SizingInput, counted: MemoryBreakdown) -> Estimate:
    """Return the KV cache to set on a processor: what is surely free, or the least that holds the requested sequences;
    an engine whose cache is not free fails to start."""
    page, wanted = kv_pages.pool(question).page_bytes, _wanted_pages(question)
    sure = memory.usable_cache(question, counted.kv.low)
    return Estimate.exact(max(sure, memory.least_cache(question, (wanted + 1) * page)))


def _wanted_pages(question: SizingInput) -> int:
    one = kv_pages.pages_a_request(question, question.context)
    return max(one * wanted_sequences(question), _states_wanted(question))


def _in_words(question: SizingInput, counted: MemoryBreakdown, *, sure: bool) -> str:
    uncertain = "likely" if _suffices(question, counted.kv.likely) else "perhaps"
    how = "surely" if sure else uncertain
    many = count(wanted_sequences(question), "request")
    left = _gib(counted.kv) if counted.kv.likely > 0 else f"at best {counted.kv.high / GIB:.1f}"
    return (
        f"{how} holds {many} of {question.context} tokens: {left} of {_gib(counted.budget)} GiB are left "
        f"for the KV cache; {counted.largest.takes} the most{_beside(question, counted)}"
    )


def _beside(question: SizingInput, counted: MemoryBreakdown) -> str:
    """Name what is in main memory and takes none of a GPU: weights, and tokens whose blocks outlive eviction."""
    parts = [f"{counted.offloaded / GIB:.1f} GiB of weights are in main memory"] if counted.offloaded else []
    if counted.host_cache:
        tokens = question.ranks * kv_pages.tokens(question, counted.host_cache / question.parallelism.gpus)
        parts.append(f"{counted.host_cache / GIB:.1f} GiB of main memory keep blocks of {count(tokens, 'token')}")
    return "".join(f"; {one}" for one in parts)


def _taken(counted: MemoryBreakdown) -> str:
    return _gib(counted.budget.minus(counted.kv))


def _gib(span: Estimate) -> str:
    return f"{span.likely / GIB:.1f}"
