"""TPOT and TTFT of a run at fixed concurrency, in closed form from step times.

This compares step times with thousands of published runs without simulating them: every client sends its next request
when its last one has ended. Aggregated workers interleave prefill with decode; disaggregated ones do not.
Plain arithmetic like `formula`, for numbers and columns.
"""

from dataclasses import dataclass
from typing import NamedTuple

from fairlead.simulator.timing import formula
from fairlead.simulator.timing.efficiency import StepEfficiency
from fairlead.simulator.timing.formula import PromptPieces, smooth_maximum
from fairlead.simulator.timing.physics import EngineBehaviour
from fairlead.simulator.timing.step_work import StepWork

ROUNDS = 6
"""Iterations of the balance between prefill queue and decode batch; more change nothing above 1 part in 1000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrencyLoad:
    """Mean lengths, and the number of clients."""

    prompt: float
    output: float
    clients: float
    chunks: float
    """Steps that one prompt is spread over: its length over the engine's token budget, at least 1."""
    others: float
    """Other clients of the same rank; at least 0."""
    drafts: float
    """Drafted tokens per request and step."""
    kept: float
    """Tokens that a request gains per step: 1, and the accepted drafts."""


class BenchmarkFigures(NamedTuple):
    """TTFT and TPOT as a benchmark reports them."""

    first_token_s: float
    token_s: float


class WorkerPool(NamedTuple):
    """Equal workers; the `ranks` of each share its load."""

    work: StepWork
    number: float
    ranks: float


class CorrectionFactors(NamedTuple):
    """A group's factors: of decode steps, of what prompts add, of TTFT."""

    decode: float
    prompt: float
    wait: float


def aggregated_figures(
    workers: WorkerPool, behaviour: EngineBehaviour, load: ConcurrencyLoad, factors: CorrectionFactors
) -> BenchmarkFigures:
    """One pool for prefill and decode: each reply is slowed by the other clients' prompts."""
    efficiency, overhead = behaviour
    batch = load.clients / (workers.number * workers.ranks)
    alone = factors.decode * decode_s(workers.work, efficiency, batch, load)
    added = factors.prompt * prompt_s(workers.work, efficiency, batch, load)
    ahead = load.others + overhead.stall * (workers.ranks - 1) * batch
    token = alone / load.kept + added * ahead / load.output
    own = alone * load.chunks + added
    first = overhead.start_s + overhead.token_s * load.prompt + own + overhead.wave * ahead * added
    return BenchmarkFigures(factors.wait * first, token)


def disaggregated_figures(
    readers: WorkerPool,
    writers: WorkerPool,
    behaviour: EngineBehaviour,
    load: ConcurrencyLoad,
    factors: CorrectionFactors,
) -> BenchmarkFigures:
    """Separate pools: a request that waits for prefill is not in a decode batch."""
    efficiency, overhead = behaviour
    read = factors.prompt * prefill_s(readers.work, efficiency, load)
    least = read / (readers.number * readers.ranks)
    places = writers.number * writers.ranks
    unloaded = overhead.start_s + overhead.token_s * load.prompt + overhead.transfer_s + read
    queue = overhead.wave * load.clients * least
    batch = load.clients / places
    token = factors.decode * decode_s(writers.work, efficiency, batch, load) / load.kept
    gap = least
    for _ in range(ROUNDS):
        gap = smooth_maximum(least, (unloaded + load.output * token) / load.clients)
        batch = load.output * token / (gap * places)
        token = factors.decode * decode_s(writers.work, efficiency, batch, load) / load.kept
    first = smooth_maximum(unloaded + queue, load.clients * gap - load.output * token)
    return BenchmarkFigures(factors.wait * first, token)


def decode_s(work: StepWork, efficiency: StepEfficiency, batch: float, load: ConcurrencyLoad) -> float:
    """Seconds of a step that only decodes, every request on average half way through its reply."""
    context = load.prompt + load.output / 2
    tokens = 1 + load.drafts
    shared = formula.shared_s(work, efficiency, batch * tokens)
    each = formula.sequence_s(work, efficiency) + context * formula.context_token_s(work, efficiency, tokens)
    return shared + batch * each


def prompt_s(work: StepWork, efficiency: StepEfficiency, batch: float, load: ConcurrencyLoad) -> float:
    """Seconds that one prompt adds to the steps that it shares with this many decoding requests."""
    piece = load.prompt / load.chunks
    decoding = batch * (1 + load.drafts)
    more = formula.shared_s(work, efficiency, decoding + piece) - formula.shared_s(work, efficiency, decoding)
    return load.chunks * more + formula.prompts_s(work, efficiency, _pieces(load))


def prefill_s(work: StepWork, efficiency: StepEfficiency, load: ConcurrencyLoad) -> float:
    """Seconds of one prompt on a prefill worker."""
    piece = load.prompt / load.chunks
    return load.chunks * formula.shared_s(work, efficiency, piece) + formula.prompts_s(work, efficiency, _pieces(load))


def _pieces(load: ConcurrencyLoad) -> PromptPieces:
    pairs = load.prompt * (load.prompt + 1) / 2
    return PromptPieces(load.prompt, pairs, load.prompt * (load.chunks + 1) / 2, load.chunks)
