"""What a run at fixed concurrency shows, in closed form from step times: seconds a token and to the first one.

So step times are held against published runs without simulating thousands of them: every client sends its next
request when its last one has ended. Workers that do both interleave prompts with replies; separate ones do not.
Plain arithmetic like `formula`, for numbers and columns.
"""

from dataclasses import dataclass
from typing import NamedTuple

from fairlead.simulator.timing import formula
from fairlead.simulator.timing.efficiency import StepEfficiency
from fairlead.simulator.timing.formula import PromptPieces, smooth_maximum
from fairlead.simulator.timing.step_work import StepWork

ROUNDS = 6
"""Of the balance between waiting for workers and the batch they then have; more change nothing above 1 part in 1000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrencyLoad:
    """Mean lengths, and how many clients there are."""

    prompt: float
    output: float
    clients: float
    chunks: float
    """Steps that one prompt is spread over: its length over the engine's token budget, at least 1."""
    others: float
    """Clients of the same rank beside the one looked at; never below 0."""
    drafts: float
    """Tokens guessed for each request and step."""
    kept: float
    """Tokens that a request gains by a step: 1, and the guesses that hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstTokenOverhead:
    """What a first token costs beyond the engine's steps."""

    start_s: float
    """HTTP, templates, tokenizer, the hand-over to the scheduler."""
    token_s: float
    """By prompt token."""
    wave: float
    """Share of the other clients' prompts that are still ahead when one arrives: clients started together stay so."""
    stall: float
    """Share of the other ranks' prompts that hold up a step of this one: they meet in the experts."""
    transfer_s: float
    """Handing a prompt from its reader to its writer, where they are apart."""


class EngineBehaviour(NamedTuple):
    """An engine's steps and its door."""

    reached: StepEfficiency
    front: FirstTokenOverhead


class BenchmarkFigures(NamedTuple):
    """As a benchmark prints it."""

    first_token_s: float
    token_s: float


class WorkerPool(NamedTuple):
    """Equal ones of a kind; `ranks` in each share the load."""

    work: StepWork
    number: float
    ranks: float


class CorrectionFactors(NamedTuple):
    """Corrections of a group: on decoding, on what prompts add, on the wait for the first token."""

    decode: float
    prompt: float
    wait: float


def aggregated_figures(
    workers: WorkerPool, behaviour: EngineBehaviour, load: ConcurrencyLoad, factors: CorrectionFactors
) -> BenchmarkFigures:
    """One pool that reads and writes: each reply is slowed by the other clients' prompts."""
    reached, front = behaviour
    batch = load.clients / (workers.number * workers.ranks)
    alone = factors.decode * decode_s(workers.work, reached, batch, load)
    added = factors.prompt * prompt_s(workers.work, reached, batch, load)
    ahead = load.others + front.stall * (workers.ranks - 1) * batch
    token = alone / load.kept + added * ahead / load.output
    own = alone * load.chunks + added
    first = front.start_s + front.token_s * load.prompt + own + front.wave * ahead * added
    return BenchmarkFigures(factors.wait * first, token)


def disaggregated_figures(
    readers: WorkerPool,
    writers: WorkerPool,
    behaviour: EngineBehaviour,
    load: ConcurrencyLoad,
    factors: CorrectionFactors,
) -> BenchmarkFigures:
    """Two pools: whoever waits for a reader is not in a writer's batch."""
    reached, front = behaviour
    read = factors.prompt * prefill_s(readers.work, reached, load)
    least = read / (readers.number * readers.ranks)
    places = writers.number * writers.ranks
    unloaded = front.start_s + front.token_s * load.prompt + front.transfer_s + read
    queue = front.wave * load.clients * least
    batch = load.clients / places
    token = factors.decode * decode_s(writers.work, reached, batch, load) / load.kept
    gap = least
    for _ in range(ROUNDS):
        gap = smooth_maximum(least, (unloaded + load.output * token) / load.clients)
        batch = load.output * token / (gap * places)
        token = factors.decode * decode_s(writers.work, reached, batch, load) / load.kept
    first = smooth_maximum(unloaded + queue, load.clients * gap - load.output * token)
    return BenchmarkFigures(factors.wait * first, token)


def decode_s(work: StepWork, reached: StepEfficiency, batch: float, load: ConcurrencyLoad) -> float:
    """A step that only decodes, every request on average half way through its reply."""
    context = load.prompt + load.output / 2
    tokens = 1 + load.drafts
    shared = formula.shared_s(work, reached, batch * tokens)
    each = formula.sequence_s(work, reached) + context * formula.context_token_s(work, reached, tokens)
    return shared + batch * each


def prompt_s(work: StepWork, reached: StepEfficiency, batch: float, load: ConcurrencyLoad) -> float:
    """What one prompt adds to the steps it shares with this many decoding requests."""
    piece = load.prompt / load.chunks
    decoding = batch * (1 + load.drafts)
    more = formula.shared_s(work, reached, decoding + piece) - formula.shared_s(work, reached, decoding)
    return load.chunks * more + formula.prompts_s(work, reached, _pieces(load))


def prefill_s(work: StepWork, reached: StepEfficiency, load: ConcurrencyLoad) -> float:
    """One prompt on a worker that only reads."""
    piece = load.prompt / load.chunks
    return load.chunks * formula.shared_s(work, reached, piece) + formula.prompts_s(work, reached, _pieces(load))


def _pieces(load: ConcurrencyLoad) -> PromptPieces:
    pairs = load.prompt * (load.prompt + 1) / 2
    return PromptPieces(load.prompt, pairs, load.prompt * (load.chunks + 1) / 2, load.chunks)
