"""What a sweep measures, in which order, and what comes next: coarse points first, in case it is cut short."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fairlead.fleet.sweeps import MAX_CAPTURED, EngineVariant, SkippedWork
from fairlead.simulator.sweep.measurements import SweepPoint, SweepRecord, SweepWork

MAX_BATCH: Final = 256
SHORTEST: Final = 16
"""Tokens of the shortest prompt."""
FIRST_CONTEXT: Final = 64
CONTEXT_STEP: Final = 8
COARSE: Final = 3
"""Values of each axis that are measured before all others."""
MIN_CAPTURED: Final = 128
"""Tokens of the shortest step that is measured with and without more CUDA graphs."""
DRAFTS: Final = frozenset({EngineVariant.DRAFT, EngineVariant.EAGLE3})
"""Variants that need a configuration of their own."""
REPLY_SHARE: Final = 4
"""One part in this many of the context is left for the replies of a measurement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepLimits:
    """What the engine accepts, and what its command already sets."""

    context: int
    sequences: int
    batch_tokens: int
    quantized: bool = False
    """By its command or its checkpoint."""
    sixteen_bit: bool = True
    """Whether it computes in 16 bits by default."""
    drafts: frozenset[EngineVariant] = frozenset()
    """Kinds of drafts that are given: a draft model, an EAGLE-3 head."""
    chosen: frozenset[EngineVariant] = frozenset(EngineVariant)
    """Variants to measure; the others can follow in another run."""
    lacks: tuple[SkippedWork, ...] = ()
    """What this kind of engine lacks, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepTime:
    """The rest of this run's budget, and how long starts and points took so far."""

    left_s: float
    start_s: float
    point_s: float


@dataclass(frozen=True, slots=True)
class StartVariant:
    """Stop the running engine and start this one."""

    variant: EngineVariant


@dataclass(frozen=True, slots=True)
class MeasurePoint:
    """Measure this point on the running engine."""

    point: SweepPoint


@dataclass(frozen=True, slots=True)
class MeasureSleep:
    """Put the running engine to sleep and wake it."""


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """The next step would not end within the budget."""

    points: int
    """Points that remain."""


@dataclass(frozen=True, slots=True)
class AllMeasured:
    """Nothing remains."""


SweepStep = StartVariant | MeasurePoint | MeasureSleep | OutOfTime | AllMeasured


def points(limits: SweepLimits) -> tuple[SweepPoint, ...]:
    """Return every point to measure, in order."""
    coarse = (*_decodes(limits)[0], *_prefills(limits)[0], *_mixed(limits))
    fine = (*_decodes(limits)[1], *_prefills(limits)[1])
    return tuple(one for one in (*coarse, *fine, *_of_variants(limits)) if one.variant in limits.chosen)


def left_out(limits: SweepLimits) -> Iterator[SkippedWork]:
    """Yield the variants that are not started, and why."""
    reasons = {
        EngineVariant.FP8: "the model is quantized already" if limits.quantized else "",
        EngineVariant.BFLOAT16: "the command computes in 16 bits already" if limits.sixteen_bit else "",
    }
    yield from (SkippedWork(what=variant, why=why) for variant, why in reasons.items() if why)
    yield from limits.lacks


def next_step(limits: SweepLimits, record: SweepRecord, running: EngineVariant | None, time: SweepTime) -> SweepStep:
    """Return what to do next; skipped work is not retried."""
    skipped = {one.what for one in record.skipped}
    open_points = left(limits, record)
    for variant in EngineVariant:
        if variant in skipped or variant not in limits.chosen:
            continue
        own = [one for one in open_points if one.variant is variant]
        sleeps = variant is EngineVariant.SLEEP and not record.sleeps
        if variant is running and (own or sleeps):
            if time.left_s < time.point_s:
                return OutOfTime(len(open_points))
            return MeasurePoint(own[0]) if own else MeasureSleep()
        if own or sleeps or _starts_missing(record, variant):
            return StartVariant(variant) if time.left_s >= time.start_s else OutOfTime(len(open_points))
    return AllMeasured()


def left(limits: SweepLimits, record: SweepRecord) -> list[SweepPoint]:
    """Return points that were neither measured nor skipped."""
    over = {one.point for one in record.steps}
    skipped = {one.what for one in record.skipped}
    return [one for one in points(limits) if one not in over and not {one.words, one.variant} & skipped]


def too_large(point: SweepPoint, capacity_tokens: int) -> bool:
    """Whether its requests would not all run at once, with room for their replies."""
    return point.tokens * (1 + 1 / REPLY_SHARE) > capacity_tokens


def _starts_missing(record: SweepRecord, variant: EngineVariant) -> bool:
    """Whether a start is missing: the given command is started with empty and with kept caches."""
    seen = {one.kept for one in record.starts if one.variant is variant}
    return seen != {False, True} if variant is EngineVariant.AS_GIVEN else False


def _decodes(limits: SweepLimits) -> tuple[list[SweepPoint], list[SweepPoint]]:
    """Return batch by context: the coarse points and the rest."""
    sizes, contexts = _spread(_batches(limits)), _contexts(limits)
    ends = sorted({contexts[0], contexts[-1]})
    coarse = [_decode(size, context) for size in sizes[:COARSE] for context in ends]
    every = [_decode(size, context) for size in sizes for context in contexts]
    return coarse, [one for one in every if one not in coarse]


def _prefills(limits: SweepLimits) -> tuple[list[SweepPoint], list[SweepPoint]]:
    lengths = _spread(_lengths(limits))
    made = [_prompt(length) for length in lengths]
    return made[:COARSE], made[COARSE:]


def _mixed(limits: SweepLimits) -> Iterator[SweepPoint]:
    """Yield few and many decoding requests beside short and long prompts of one step; a prompt is in the batch too."""
    sizes, context = [one for one in _batches(limits) if one < limits.sequences], _contexts(limits)[0]
    for batch in sorted({sizes[len(sizes) // 3], sizes[2 * len(sizes) // 3]} if sizes else ()):
        whole = [one for one in _lengths(limits) if one + batch <= limits.batch_tokens]
        for prompt in sorted({whole[len(whole) // 3], whole[-1]} if whole else ()):
            yield SweepPoint(work=SweepWork.MIXED, batch=batch, context=context, prompt=prompt)


def _of_variants(limits: SweepLimits) -> Iterator[SweepPoint]:
    absent = {one.what for one in left_out(limits)} | (DRAFTS - limits.drafts)
    made = {
        EngineVariant.NGRAM: _drafted,
        EngineVariant.NGRAM_GPU: _drafted,
        EngineVariant.DRAFT: _drafted,
        EngineVariant.EAGLE3: _drafted,
        EngineVariant.FP8: _of_weights,
        EngineVariant.KV_FP8: _of_cache,
        EngineVariant.GRAPHS: _captured,
        EngineVariant.BFLOAT16: _of_weights,
    }
    for variant, own in made.items():
        if variant not in absent:
            yield from (replace(one, variant=variant) for one in own(limits))


def _drafted(limits: SweepLimits) -> Iterator[SweepPoint]:
    """Yield steps that verify drafts."""
    yield from (_decode(size, _contexts(limits)[0]) for size in _spread(_batches(limits))[: 2 * COARSE])


def _of_weights(limits: SweepLimits) -> Iterator[SweepPoint]:
    """Yield what another format of weights changes: any step, whatever its context."""
    yield from (_decode(size, _contexts(limits)[0]) for size in _spread(_batches(limits))[:COARSE])
    yield from (_prompt(one) for one in _spread(_lengths(limits))[:COARSE])


def _of_cache(limits: SweepLimits) -> Iterator[SweepPoint]:
    """Yield what another KV cache format changes: steps with much context, and prompts."""
    yield from _decodes(limits)[0]
    yield from (_prompt(one) for one in _spread(_lengths(limits))[:COARSE])


def _captured(limits: SweepLimits) -> Iterator[SweepPoint]:
    """Yield what graphs of longer steps change: prompts up to this length, and a decode step that should not change."""
    yield from (_prompt(one) for one in _lengths(limits) if MIN_CAPTURED <= one <= 2 * MAX_CAPTURED)
    yield _decode(_batches(limits)[0], _contexts(limits)[0])


def _decode(batch: int, context: int) -> SweepPoint:
    return SweepPoint(work=SweepWork.DECODE, batch=batch, context=context)


def _prompt(length: int) -> SweepPoint:
    return SweepPoint(work=SweepWork.PREFILL, prompt=length)


def _batches(limits: SweepLimits) -> list[int]:
    """Return powers of two, and the most that run at once."""
    most = min(limits.sequences, limits.batch_tokens, MAX_BATCH)
    return sorted({*_powers(1, most, 2), most})


def _contexts(limits: SweepLimits) -> list[int]:
    most = max(1, limits.context - max(1, limits.context // REPLY_SHARE))
    return _powers(FIRST_CONTEXT, most, CONTEXT_STEP) or [most]


def _lengths(limits: SweepLimits) -> list[int]:
    """Return powers of two, a whole step, and one prompt of two steps."""
    most = max(1, limits.context - 1)
    whole = {one for one in (limits.batch_tokens, 2 * limits.batch_tokens) if one <= most}
    return sorted({*_powers(SHORTEST, min(most, limits.batch_tokens), 2), *whole}) or [most]


def _powers(first: int, most: int, factor: int) -> list[int]:
    found = []
    while first <= most:
        found.append(first)
        first *= factor
    return found


def _spread(values: Sequence[int]) -> list[int]:
    """Order values as first, last, then the middle of each gap: any beginning covers the whole range."""
    order, gaps = list(dict.fromkeys((values[0], values[-1]))), [(0, len(values) - 1)]
    while gaps:
        low, high = gaps.pop(0)
        if high - low > 1:
            middle = (low + high) // 2
            order.append(values[middle])
            gaps += [(low, middle), (middle, high)]
    return order
