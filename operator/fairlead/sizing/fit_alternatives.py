"""The nearest configurations that fit, each sized by the same arithmetic that refused the first.

Ranked by how little they change: a smaller context, fewer sequences, an FP8 cache, quantized weights, more GPUs,
another product.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from fairlead.fleet import accelerators
from fairlead.fleet.accelerators import Accelerator, ComputeCapability
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.fit import ConfigurationChange, Fit, FitAlternative, FitReason, FitVerdict, NoFit
from fairlead.fleet.plurals import count
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.shapes import StoredWeights
from fairlead.sizing import assessment, kv_pages
from fairlead.sizing.sizing_input import GIB, EngineObjection, SizingInput, no_objection

_FOUR_BITS: Final = ConfigurationChange.OTHER_CHECKPOINT
"""Another checkpoint is a larger change than a format made while loading, so it is offered only if that does not do."""
_STEPS: Final = (0.75, 0.5, 0.25, 0.125, 0.0625)
_MIN_CONTEXT: Final = 1024
_TENSORS: Final = (2, 4, 8)
_MEMORIES: Final = (1.25, 1.5, 1.75, 2, 2.5, 3, 4, 6, 8)
_WHILE_LOADING: Final = (WeightFormat.FP8_PER_TENSOR, WeightFormat.FP8)
"""Under one of these names every engine that quantizes while loading makes FP8."""
_QUANTIZES: Final = ComputeCapability(7, 5)
_FP8_CACHE: Final = ComputeCapability(8, 0)
"""Nothing is suggested that kernels refuse on the card, whatever the engine."""

AlternativeCandidate = tuple[ConfigurationChange, str, SizingInput]


def size(
    sizing: SizingInput, others: Iterable[Accelerator] = (), objection: EngineObjection = no_objection
) -> Fit | NoFit:
    """Assess the input; a `NoFit` has the nearest configurations that surely fit, one per kind of change."""
    answer = assessment.assess(sizing)
    if isinstance(answer, Fit):
        return answer
    return replace(answer, alternatives=alternatives(sizing, others, objection))


def unknown(what: str) -> NoFit:
    """Return the result for a model that cannot be sized: what is missing, and no figures."""
    return NoFit(reason=FitReason.ARCHITECTURE_UNKNOWN, because=what, memory=None)


def alternatives(
    sizing: SizingInput, others: Iterable[Accelerator], objection: EngineObjection
) -> tuple[FitAlternative, ...]:
    """Return the first candidate of each kind that fits and that the engine takes, the smallest change first."""
    found: dict[ConfigurationChange, FitAlternative] = {}
    for change, words, candidate in _candidates(sizing, others):
        done = change in found or (change is _FOUR_BITS and ConfigurationChange.QUANTIZED_WEIGHTS in found)
        if not done and _fits(candidate) and objection(candidate) is None:
            found[change] = _alternative(change, words, candidate)
    return tuple(found.values())


def _candidates(sizing: SizingInput, others: Iterable[Accelerator]) -> Iterator[AlternativeCandidate]:
    yield from _smaller_context(sizing)
    yield from _fewer_sequences(sizing)
    yield from _smaller_cache(sizing)
    yield from _quantized(sizing)
    if sizing.accelerator.is_cpu:
        yield from _more_memory(sizing)
        return
    if not sizing.accelerator.is_part:
        yield from _more_gpus(sizing)
    yield from _other_products(sizing, others)


def _fits(sizing: SizingInput) -> bool:
    answer = assessment.assess(sizing)
    return isinstance(answer, Fit) and answer.verdict is FitVerdict.FITS


def _smaller_context(sizing: SizingInput) -> Iterator[AlternativeCandidate]:
    most = min(sizing.context, sizing.shape.positions)
    contexts = [most] if most < sizing.context else []
    contexts += [int(most * step) // 1024 * 1024 for step in _STEPS]
    for context in contexts:
        if context >= _MIN_CONTEXT:
            yield (
                ConfigurationChange.SMALLER_CONTEXT,
                f"a context of {context} tokens",
                replace(sizing, context=context),
            )


def _fewer_sequences(sizing: SizingInput) -> Iterator[AlternativeCandidate]:
    """Yield fewer concurrent sequences, for less cache, then smaller batches, for fewer states and logits too."""
    sequences = assessment.wanted_sequences(sizing)
    for step in _STEPS:
        fewer = int(sequences * step)
        if fewer:
            yield (
                ConfigurationChange.FEWER_SEQUENCES,
                count(fewer, "sequence") + " at once",
                replace(sizing, sequences=fewer),
            )
    for most in (128, 64, 32, 16, 8, 4):
        if sequences <= most < sizing.batch_sequences:
            words = f"a batch of at most {count(most, 'sequence')}"
            yield ConfigurationChange.FEWER_SEQUENCES, words, replace(sizing, max_sequences=most)


def _smaller_cache(sizing: SizingInput) -> Iterator[AlternativeCandidate]:
    if sizing.cache_format not in kv_pages.EIGHT_BIT_OR_LESS and sizing.accelerator.capability >= _FP8_CACHE:
        yield ConfigurationChange.FP8_CACHE, "an FP8 cache", replace(sizing, kv=KvFormat.FP8)


def _quantized(sizing: SizingInput) -> Iterator[AlternativeCandidate]:
    """Yield FP8 quantized while loading, then a four-bit checkpoint, both instead of 16 bits."""
    if sizing.format is not WeightFormat.NONE or sizing.accelerator.capability < _QUANTIZES:
        return
    for weights in _WHILE_LOADING:
        words = f"weights as {weights.value}"
        yield ConfigurationChange.QUANTIZED_WEIGHTS, words, replace(sizing, weights=weights)
    shape = replace(sizing.shape, stored=StoredWeights(format=WeightFormat.AWQ))
    yield _FOUR_BITS, "a checkpoint stored as awq", replace(sizing, shape=shape, weights=None)


def _more_memory(sizing: SizingInput) -> Iterator[AlternativeCandidate]:
    """Yield more memory in whole GiB. A GPU is no small change from a processor: none is offered."""
    for factor in _MEMORIES:
        more = math.ceil(sizing.accelerator.memory_bytes * factor / GIB)
        yield (
            ConfigurationChange.MORE_MEMORY,
            f"{more} GiB",
            replace(sizing, accelerator=accelerators.cpu(more * GIB)),
        )


def _more_gpus(sizing: SizingInput) -> Iterator[AlternativeCandidate]:
    """Yield the same weights over more GPUs, then quantized weights over more GPUs."""
    layout = sizing.parallelism
    wider = [Parallelism(tensor=n, pipeline=layout.pipeline, data=layout.data) for n in _TENSORS if n > layout.tensor]
    for parallelism in wider:
        words = f"tensor parallel over {parallelism.tensor} GPUs"
        yield ConfigurationChange.MORE_GPUS, words, sizing.over(parallelism)
    for _, format_, quantized in _quantized(sizing):
        for parallelism in wider:
            words = f"tensor parallel over {parallelism.tensor} GPUs, {format_}"
            yield ConfigurationChange.MORE_GPUS, words, quantized.over(parallelism)


def _other_products(sizing: SizingInput, others: Iterable[Accelerator]) -> Iterator[AlternativeCandidate]:
    """Yield the smallest memory first, then the lowest price, so that the least is left unused. A replica of several
    GPUs is not moved to parts of some."""
    gpus, least = sizing.parallelism.gpus, sizing.accelerator.memory_mib
    larger = [other for other in others if other.memory_mib > least and (gpus == 1 or not other.is_part)]
    for other in sorted(larger, key=lambda card: (card.memory_mib, card.price_an_hour or 1e9, card.product)):
        yield ConfigurationChange.OTHER_PRODUCT, other.product, replace(sizing, accelerator=other)


def _alternative(change: ConfigurationChange, words: str, sizing: SizingInput) -> FitAlternative:
    return FitAlternative(
        change=change,
        words=words,
        context=sizing.context,
        sequences=sizing.sequences,
        weights=sizing.format,
        kv=sizing.kv,
        parallelism=sizing.parallelism,
        product=sizing.accelerator.product,
    )
