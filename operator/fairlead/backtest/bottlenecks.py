"""What may hold a service back, by measurements of a play; and the levers that would fix it.

A suspicion is only a reason to play its levers: the advice names what helped.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean
from typing import Final, NamedTuple

from fairlead.backtest.candidate import Candidate
from fairlead.backtest.play import PlayedCandidate
from fairlead.fleet.policies import ReplicaBounds
from fairlead.simulator.traffic.arrivals import RequestArrival

REPEATED: Final = 0.1
REFUSED: Final = 0.01
PREEMPTED: Final = 0.02
FULL_BATCH: Final = 0.8
FULL_CACHE: Final = 0.9
SHORT_STEPS: Final = 2048
CONTEXT_STEP: Final = 1024
MORE_SEQUENCES: Final = (2, 4, 16)
USUAL_MEMORY: Final = "0.92"


class PricedCard(NamedTuple):
    """A product with a price."""

    product: str
    price: float
    """USD an hour."""


class Bottleneck(StrEnum):
    """What holds a service back."""

    CONTEXT_TOO_SHORT = "ContextTooShort"
    PREFIX_CACHE_OFF = "PrefixCacheOff"
    BATCH_TOO_SMALL = "BatchTooSmall"
    CACHE_TOO_SMALL = "CacheTooSmall"
    STEPS_TOO_LONG = "StepsTooLong"
    WEIGHTS_TOO_LARGE = "WeightsTooLarge"
    CARD_TOO_SLOW = "CardTooSlow"
    TOO_FEW_REPLICAS = "TooFewReplicas"
    CARD_TOO_LARGE = "CardTooLarge"
    TOO_MANY_REPLICAS = "TooManyReplicas"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficSizes:
    """Sizes of a trace's requests."""

    requests: int
    prompt: float
    reply: float
    longest: int
    """Tokens of prompt and reply that suffice for all but one in a thousand requests."""
    repeated: float
    """Share of prompt tokens in blocks that an earlier request had."""

    @classmethod
    def of(cls, arrivals: Iterable[RequestArrival], block_tokens: int) -> "TrafficSizes":
        """Take at least one request."""
        prompts, replies, whole, again, seen = 0, 0, list[int](), 0, set[int]()
        for one in arrivals:
            prompts, replies = prompts + one.prompt_tokens, replies + one.output_tokens
            whole.append(one.prompt_tokens + one.output_tokens)
            again += sum(block_tokens for name in one.prefix if name in seen)
            seen.update(one.prefix)
        whole.sort()
        return cls(
            requests=len(whole),
            prompt=prompts / len(whole),
            reply=replies / len(whole),
            longest=whole[min(int(len(whole) * 0.999), len(whole) - 1)],
            repeated=again / prompts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """One possible bottleneck."""

    bottleneck: Bottleneck
    because: str
    levers: tuple[str, ...]
    """Of cards, those of the nearest price first."""


def suspicions(
    one: Candidate, played: PlayedCandidate, sizes: TrafficSizes, cards: Sequence[PricedCard]
) -> Iterator[Suspicion]:
    """Yield everything that the measurements suggest; `cards` are the products with a price, cheapest first."""
    if played.keeps:
        yield from _too_much(one, cards)
        return
    yield from _limits(one, played, sizes)
    yield from _memory(one, played)
    yield from _speed(one, played, cards)
    yield _replicas(one, played)


def _limits(one: Candidate, played: PlayedCandidate, sizes: TrafficSizes) -> Iterator[Suspicion]:
    settings, report = one.settings, played.report
    refused = report.refused / report.arrived
    if refused > REFUSED and sizes.longest > settings.context_tokens:
        tokens = -(-sizes.longest // CONTEXT_STEP) * CONTEXT_STEP
        yield Suspicion(
            bottleneck=Bottleneck.CONTEXT_TOO_SHORT,
            because=f"{refused:.1%} of requests are longer than {settings.context_tokens:,} tokens and refused",
            levers=(f"contextTokens={tokens}",),
        )
    if not settings.prefix_caching and sizes.repeated > REPEATED:
        yield Suspicion(
            bottleneck=Bottleneck.PREFIX_CACHE_OFF,
            because=f"{sizes.repeated:.0%} of prompt tokens were in an earlier prompt, and all are computed again",
            levers=("prefixCaching=on",),
        )
    running, usage, most = _running(played), _usage(played), settings.max_sequences * one.ranks
    if running > FULL_BATCH * most and usage < FULL_CACHE:
        yield Suspicion(
            bottleneck=Bottleneck.BATCH_TOO_SMALL,
            because=f"{running:.0f} requests run at once of {most} that may, others wait, and the "
            f"cache is {usage:.0%} full",
            levers=tuple(f"maxSequences={settings.max_sequences * times}" for times in MORE_SEQUENCES),
        )


def _memory(one: Candidate, played: PlayedCandidate) -> Iterator[Suspicion]:
    report, usage = played.report, _usage(played)
    preempted = report.preemptions / max(report.answered, 1)
    tokens = one.settings.blocks * one.settings.block_tokens * one.ranks
    if preempted > PREEMPTED or usage > FULL_CACHE:
        yield Suspicion(
            bottleneck=Bottleneck.CACHE_TOO_SMALL,
            because=f"{usage:.0%} of the KV cache's {tokens:,} tokens are in use, and requests were evicted from it "
            f"{report.preemptions:,} times for {report.answered:,} answers",
            levers=(f"memoryUtilization={USUAL_MEMORY}", "kvCache=fp8"),
        )


def _speed(one: Candidate, played: PlayedCandidate, cards: Sequence[PricedCard]) -> Iterator[Suspicion]:
    goal, report = played.objectives.tpot_p95_s, played.report
    because = _missed(played)
    if one.settings.batch_tokens > SHORT_STEPS and goal is not None and report.tpot.p95 > goal:
        yield Suspicion(
            bottleneck=Bottleneck.STEPS_TOO_LONG,
            because=f"{because}; a step may have {one.settings.batch_tokens:,} tokens",
            levers=(f"maxBatchedTokens={SHORT_STEPS}", f"maxBatchedTokens={SHORT_STEPS // 4}"),
        )
    yield Suspicion(bottleneck=Bottleneck.WEIGHTS_TOO_LARGE, because=because, levers=("weights=fp8PerTensor",))
    yield Suspicion(bottleneck=Bottleneck.CARD_TOO_SLOW, because=because, levers=_dearer(one, cards))


def _dearer(one: Candidate, cards: Sequence[PricedCard]) -> tuple[str, ...]:
    price = one.price_an_hour or 0.0
    return tuple(f"gpu={card.product}" for card in cards if card.price > price)


def _cheaper(one: Candidate, cards: Sequence[PricedCard]) -> tuple[str, ...]:
    price = one.price_an_hour or 0.0
    return tuple(f"gpu={card.product}" for card in reversed(cards) if card.price < price)


def _missed(played: PlayedCandidate) -> str:
    """State the objective that is missed."""
    pace, first, report = played.objectives.tpot_p95_s, played.objectives.ttft_p95_s, played.report
    if pace is not None and report.tpot.p95 > pace:
        return f"a token takes {report.tpot.p95 * 1000:.0f} ms (p95), and {pace * 1000:.0f} ms are allowed"
    if first is not None and report.ttft.p95 > first:
        return f"the first token takes {report.ttft.p95:.2f} s (p95), and {first:g} s are allowed"
    return f"{1 - report.kept:.1%} of requests miss an objective"


def _replicas(one: Candidate, played: PlayedCandidate) -> Suspicion:
    waiting = _waiting(played)
    because = f"{waiting:.0f} requests wait on average, with {played.mean_replicas:.1f} replicas"
    bounds = one.replicas
    if isinstance(bounds, ReplicaBounds):
        more = [f"maxReplicas={2 * bounds.most}"]
        more += [f"minReplicas={bounds.least + 1}"] if bounds.least < bounds.most else []
        more += [f"warmReplicas={one.policy.warm_pool.ready + 1}"] if bounds.policy is not None else []
    else:
        more = [f"replicas={number}" for number in (bounds + 1, 2 * bounds, 4 * bounds) if number > bounds]
    return Suspicion(bottleneck=Bottleneck.TOO_FEW_REPLICAS, because=because, levers=tuple(dict.fromkeys(more)))


def _too_much(one: Candidate, cards: Sequence[PricedCard]) -> Iterator[Suspicion]:
    because = "the objectives are kept; what is cheaper and keeps them too?"
    if not isinstance(one.replicas, ReplicaBounds) and one.replicas > 1:
        fewer = tuple(f"replicas={number}" for number in (one.replicas - 1, -(-one.replicas // 2), 1))
        yield Suspicion(bottleneck=Bottleneck.TOO_MANY_REPLICAS, because=because, levers=tuple(dict.fromkeys(fewer)))
    yield Suspicion(bottleneck=Bottleneck.CARD_TOO_LARGE, because=because, levers=_cheaper(one, cards))
    if isinstance(one.replicas, ReplicaBounds) and one.price_an_hour is not None:
        because = "the objectives are kept; do fewer replicas of a faster card cost less?"
        yield Suspicion(bottleneck=Bottleneck.CARD_TOO_SLOW, because=because, levers=_dearer(one, cards))


def _waiting(played: PlayedCandidate) -> float:
    """Return the requests that wait in engines, or in routers for one, on average while the traffic lasts."""
    gauges = played.report.gauges
    rows = zip(gauges.at, gauges.held, gauges.waiting, strict=True)
    during = [held + waiting for at, held, waiting in rows if at <= played.report.seconds]
    return fmean(during) if during else 0.0


def _running(played: PlayedCandidate) -> float:
    """Return one replica's running requests while any wait."""
    gauges = played.report.gauges
    rows = zip(gauges.running, gauges.ready, gauges.waiting, strict=True)
    busy = [running / ready for running, ready, waiting in rows if ready and waiting]
    return fmean(busy) if busy else 0.0


def _usage(played: PlayedCandidate) -> float:
    """Return the KV cache usage in the busiest fifth of the time."""
    shares = sorted(played.report.gauges.usage)
    return fmean(shares[-max(len(shares) // 5, 1) :]) if shares else 0.0
