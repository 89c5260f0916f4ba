"""Suspected causes from measurements, and which lever comes first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from fairlead.backtest import advice, bottlenecks, levers
from fairlead.backtest import play as playing
from fairlead.backtest.advice import Advice, AdvisedService, PlayedLever
from fairlead.backtest.bottlenecks import Bottleneck, PricedCard, Suspicion, TrafficSizes
from fairlead.backtest.candidate import Candidate, Unplayable, UnplayableReason
from fairlead.backtest.levers import Lever
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy, WarmPool
from fairlead.simulator.traffic.arrivals import RequestArrival
from tests.backtest.test_play import SETTINGS, candidate, steady, streams
from tests.simulator.engine.engines import PlainTimes

CARDS = [PricedCard("small", 1.0), PricedCard("own", 3.0), PricedCard("large", 9.0)]
SIZES = TrafficSizes(requests=100, prompt=500.0, reply=50.0, longest=5000, repeated=0.5)
PLAYED = playing.play(
    candidate(1), steady(1.0, 120), PlaySettings(streams=streams, objectives=LatencyObjectives(tpot_p95_s=0.2))
)


def measured(keeps: float = 0.5, **changes: object) -> PlayedCandidate:
    gauges = replace(
        PLAYED.report.gauges,
        running=(60,) * len(PLAYED.report.gauges.at),
        waiting=(9,) * len(PLAYED.report.gauges.at),
    )
    report = replace(PLAYED.report, kept=keeps, gauges=gauges, **changes)  # type: ignore[arg-type]  # tests name valid fields
    return replace(PLAYED, report=report)


def gauged(**changes: tuple[float, ...]) -> PlayedCandidate:
    report = replace(PLAYED.report, kept=0.5, gauges=replace(PLAYED.report.gauges, **changes))  # type: ignore[arg-type]  # tests name valid fields
    return replace(PLAYED, report=report)


def found(one: Candidate, played: PlayedCandidate) -> dict[Bottleneck, tuple[str, ...]]:
    return {each.bottleneck: each.levers for each in bottlenecks.suspicions(one, played, SIZES, CARDS)}


def test_a_candidate_that_misses_its_objectives_is_suspected_of_the_causes_that_were_measured() -> None:
    one = candidate(2, settings=replace(SETTINGS, prefix_caching=False, batch_tokens=8192))
    slow = replace(PLAYED.report.tpot, p95=0.3)
    usage = (0.95,) * len(PLAYED.report.gauges.at)
    played = measured(refused=12, tpot=slow)

    assert found(one, played) == {
        Bottleneck.CONTEXT_TOO_SHORT: ("contextTokens=5120",),
        Bottleneck.PREFIX_CACHE_OFF: ("prefixCaching=on",),
        Bottleneck.BATCH_TOO_SMALL: ("maxSequences=128", "maxSequences=256", "maxSequences=1024"),
        Bottleneck.STEPS_TOO_LONG: ("maxBatchedTokens=2048", "maxBatchedTokens=512"),
        Bottleneck.WEIGHTS_TOO_LARGE: ("weights=fp8PerTensor",),
        Bottleneck.CARD_TOO_SLOW: ("gpu=large",),
        Bottleneck.TOO_FEW_REPLICAS: ("replicas=3", "replicas=4", "replicas=8"),
    }
    full = replace(played, report=replace(played.report, gauges=replace(played.report.gauges, usage=usage)))
    assert found(one, full)[Bottleneck.CACHE_TOO_SMALL] == ("memoryUtilization=0.92", "kvCache=fp8")
    assert Bottleneck.BATCH_TOO_SMALL not in found(one, full)


def test_a_candidate_that_scales_gets_levers_that_raise_its_replica_bounds_or_warm_replicas() -> None:
    pool = ScalingPolicy(warm_pool=WarmPool(ready=2))
    one = candidate(ReplicaBounds(least=1, most=4, policy="chat"), price_an_hour=None, policy=pool)
    no_gauges = replace(PLAYED.report.gauges, at=(), running=(), ready=(), held=(), waiting=(), usage=())
    played = replace(PLAYED, objectives=LatencyObjectives(ttft_p95_s=1.0))
    suspected = found(one, replace(played, report=replace(PLAYED.report, kept=0.1, gauges=no_gauges)))
    assert suspected == {
        Bottleneck.WEIGHTS_TOO_LARGE: ("weights=fp8PerTensor",),
        Bottleneck.CARD_TOO_SLOW: ("gpu=small", "gpu=own", "gpu=large"),
        Bottleneck.TOO_FEW_REPLICAS: ("maxReplicas=8", "minReplicas=2", "warmReplicas=3"),
    }
    full = candidate(ReplicaBounds(least=4, most=4))
    assert found(full, replace(played, report=replace(PLAYED.report, kept=0.1)))[Bottleneck.TOO_FEW_REPLICAS] == (
        "maxReplicas=8",
    ), "the others would be refused"


def test_a_slow_card_is_named_with_the_objective_that_is_missed() -> None:
    goals = LatencyObjectives(ttft_p95_s=1.0, tpot_p95_s=0.06)
    late, slow = replace(PLAYED.report.ttft, p95=7.11), replace(PLAYED.report.tpot, p95=0.13)
    unanswered = replace(PLAYED.report.tpot, p95=float("nan")), replace(PLAYED.report.ttft, p95=float("nan"))

    def because(keeps: float = 0.5, **changes: object) -> str:
        played = replace(measured(keeps, **changes), objectives=goals)
        causes = {one.bottleneck: one.because for one in bottlenecks.suspicions(candidate(2), played, SIZES, CARDS)}
        assert causes[Bottleneck.WEIGHTS_TOO_LARGE] == causes[Bottleneck.CARD_TOO_SLOW]
        return causes[Bottleneck.CARD_TOO_SLOW]

    assert because(ttft=late) == "the first token takes 7.11 s (p95), and 1 s are allowed"
    assert because(ttft=late, tpot=slow) == "a token takes 130 ms (p95), and 60 ms are allowed"
    assert because(keeps=0.25, tpot=unanswered[0], ttft=unanswered[1]) == "75.0% of requests miss an objective"


def test_requests_wait_on_average_while_the_traffic_lasts() -> None:
    lasts = PLAYED.report.seconds
    even = {"ready": (1, 1, 1), "running": (1, 1, 1), "usage": (0, 0, 0)}
    for held, wait in (((0, 0, 0), "4 requests"), ((30, 10, 0), "24 requests")):
        played = gauged(at=(0.0, lasts, lasts + 60), held=held, waiting=(6, 2, 0), **even)
        causes = {one.bottleneck: one.because for one in bottlenecks.suspicions(candidate(2), played, SIZES, CARDS)}
        assert causes[Bottleneck.TOO_FEW_REPLICAS].startswith(f"{wait} wait on average"), "in routers, too"


def test_gauges_of_a_replica_are_compared_with_all_of_its_data_parallel_ranks() -> None:
    """Of 64 sequences a rank, 60 run at once in the replica."""
    assert Bottleneck.BATCH_TOO_SMALL in found(candidate(2), measured())
    assert Bottleneck.BATCH_TOO_SMALL not in found(candidate(2, ranks=4), measured())
    fuller = gauged(at=(0.0,), running=(240,), ready=(1,), held=(0,), waiting=(9,), usage=(0.5,))
    small = {one.bottleneck: one for one in bottlenecks.suspicions(candidate(2, ranks=4), fuller, SIZES, CARDS)}
    assert small[Bottleneck.BATCH_TOO_SMALL].because.startswith("240 requests run at once of 256 that may")
    assert small[Bottleneck.BATCH_TOO_SMALL].levers[0] == "maxSequences=128", "which is each rank's own"
    full = gauged(usage=(0.95,))
    evicted = {one.bottleneck: one for one in bottlenecks.suspicions(candidate(2, ranks=4), full, SIZES, CARDS)}
    assert "95% of the KV cache's 128,000 tokens" in evicted[Bottleneck.CACHE_TOO_SMALL].because
    often = replace(full, report=replace(full.report, preemptions=300))
    (again,) = (
        one.because
        for one in bottlenecks.suspicions(candidate(2), often, SIZES, CARDS)
        if one.bottleneck is Bottleneck.CACHE_TOO_SMALL
    )
    assert again.endswith("evicted from it 300 times for 120 answers"), "which is more than one in each"


def test_a_candidate_that_keeps_its_objectives_gets_levers_for_fewer_replicas_or_a_smaller_gpu() -> None:
    assert found(candidate(4), measured(1.0)) == {
        Bottleneck.TOO_MANY_REPLICAS: ("replicas=3", "replicas=2", "replicas=1"),
        Bottleneck.CARD_TOO_LARGE: ("gpu=small",),
    }
    assert list(found(candidate(1), measured(1.0))) == [Bottleneck.CARD_TOO_LARGE]
    scales = candidate(ReplicaBounds(least=1, most=2))
    assert found(scales, measured(1.0)) == {
        Bottleneck.CARD_TOO_LARGE: ("gpu=small",),
        Bottleneck.CARD_TOO_SLOW: ("gpu=large",),
    }, "of which it may need fewer"
    unpriced = replace(scales, price_an_hour=None)
    assert found(unpriced, measured(1.0)) == {Bottleneck.CARD_TOO_LARGE: ()}, "USD compare with no GPU hours"


def test_a_trace_says_how_long_its_requests_are_and_how_much_of_them_repeats() -> None:
    arrivals = [
        RequestArrival(time=0.0, prompt_tokens=64, output_tokens=10, prefix=(1, 2, 3, 4)),
        RequestArrival(time=1.0, prompt_tokens=96, output_tokens=30, prefix=(1, 2, 9)),
    ]
    sizes = TrafficSizes.of(arrivals, 16)
    assert sizes == TrafficSizes(requests=2, prompt=80.0, reply=20.0, longest=126, repeated=0.2)


class Service:
    """A service that two replicas serve well, or one without one of its levers."""

    def __init__(self, *, replicas: int, helps: str) -> None:
        self.one = candidate(replicas)
        self.helps = helps

    def changed(self, lever: Lever) -> Candidate | Unplayable:
        if lever.words.startswith("gpu="):
            return Unplayable(name="chat", reason=UnplayableReason.REFUSED, because="too small")
        number = int(lever.words.removeprefix("replicas=")) if lever.words.startswith("replicas=") else 1
        return lever.candidate(candidate(8 if lever.words == self.helps else number))


def busy() -> PlayedTraffic:
    def arrivals(_: int) -> Iterator[RequestArrival]:
        for number in range(3000):
            yield RequestArrival(time=number / 20, prompt_tokens=400, output_tokens=60)

    return PlayedTraffic(arrivals=arrivals, seconds=150.0)


def advised(service: Service, traffic: PlayedTraffic, first_s: float) -> Advice:
    settings = PlaySettings(streams=streams, objectives=LatencyObjectives(ttft_p95_s=first_s, tpot_p95_s=5.0))
    return advice.advise(AdvisedService(candidate=service.one, changed=service.changed, cards=CARDS), traffic, settings)


def test_what_helps_comes_first_and_what_cannot_be_played_is_passed_over() -> None:
    given = advised(Service(replicas=1, helps="weights=fp8PerTensor"), busy(), 0.2)

    assert not given.before.keeps
    assert given.best is not None
    assert not any(one.lever.words.startswith("gpu=") for one in given.tried)
    assert given.tried[0].played.keeps
    assert given.bottleneck in {Bottleneck.WEIGHTS_TOO_LARGE, Bottleneck.TOO_FEW_REPLICAS}


def test_fewer_replicas_are_advised_where_they_are_enough_and_nothing_where_they_are_not() -> None:
    given = advised(Service(replicas=4, helps=""), steady(1.0, 300), 5.0)
    assert given.bottleneck is Bottleneck.TOO_MANY_REPLICAS
    assert given.best is not None
    assert given.best.lever.words == "replicas=1"
    alone = advised(Service(replicas=1, helps=""), steady(1.0, 300), 5.0)
    assert (alone.before.keeps, alone.tried, alone.best, alone.bottleneck) == (True, (), None, None)


@dataclass(frozen=True, kw_only=True)
class Offered:
    """What becomes of a service by these levers; all others are refused."""

    one: Candidate
    levers: Mapping[str, Candidate]

    def changed(self, lever: Lever) -> Candidate | Unplayable:
        if lever.words not in self.levers:
            return Unplayable(name="chat", reason=UnplayableReason.REFUSED, because="too small")
        return lever.candidate(self.levers[lever.words])

    def advised(self, traffic: PlayedTraffic, goals: LatencyObjectives) -> Advice:
        cards = [PricedCard(f"card-{price}", float(price)) for price in range(1, 16)]
        service = AdvisedService(candidate=self.one, changed=self.changed, cards=cards)
        return advice.advise(service, traffic, PlaySettings(streams=streams, objectives=goals))


def on_cards(one: Candidate, step_s: Mapping[int, float]) -> Offered:
    """The service on cards of these prices, each as fast as it says; on others it does not fit."""
    return Offered(
        one=one,
        levers={
            f"gpu=card-{price}": replace(one, price_an_hour=float(price), times=PlainTimes(step_s=step))
            for price, step in step_s.items()
        },
    )


def words_of(given: Advice) -> list[str]:
    return [one.lever.words for one in given.tried]


LONG = LatencyObjectives(ttft_p95_s=5.0, tpot_p95_s=0.2)


def test_cards_that_are_too_small_do_not_hide_the_nearest_cheaper_one() -> None:
    """Of eleven cheaper cards nine do not hold the model, and the cheapest of the others is too slow."""
    given = on_cards(candidate(1, price_an_hour=12.0), {10: 0.4, 11: 0.01}).advised(steady(1.0, 120), LONG)
    assert given.best is not None
    assert (given.best.lever.words, words_of(given)) == ("gpu=card-11", ["gpu=card-11", "gpu=card-10"])


def test_of_many_cheaper_cards_the_nearest_ten_are_played_up_to_the_cheapest_that_suffices() -> None:
    own, fast = candidate(1, price_an_hour=15.0), dict.fromkeys(range(1, 15), 0.01)
    assert words_of(on_cards(own, fast).advised(steady(1.0, 120), LONG)) == ["gpu=card-5"]
    given = on_cards(own, fast | {5: 0.4}).advised(steady(1.0, 120), LONG)
    assert words_of(given) == ["gpu=card-6", "gpu=card-5"]


def test_a_fleet_that_scales_is_played_on_all_cards_and_the_best_costs_least_in_total() -> None:
    """The card of 5 USD an hour needs so many replicas that it costs more, and those of 9 and 10 need one."""
    bounds = ReplicaBounds(least=1, most=30, policy="chat")
    own = candidate(bounds, price_an_hour=6.0, times=PlainTimes(step_s=0.05))
    offered = on_cards(own, {5: 0.08, 9: 0.002, 10: 0.002})
    given = offered.advised(steady(20.0, 600, output_tokens=100), LatencyObjectives(ttft_p95_s=60.0, tpot_p95_s=1.0))
    assert given.before.keeps
    assert given.best is not None
    assert (given.best.lever.words, given.bottleneck) == ("gpu=card-9", Bottleneck.CARD_TOO_SLOW)
    assert words_of(given) == ["gpu=card-9", "gpu=card-10", "gpu=card-5"]
    cheaper = given.tried[-1].played
    assert cheaper.keeps
    assert advice.spent(cheaper) > advice.spent(given.before), "though its hour costs less"


def test_what_helps_comes_first_though_it_changes_the_model_and_others_do_not() -> None:
    slow, fast = candidate(1, times=PlainTimes(step_s=0.4)), candidate(1, times=PlainTimes(step_s=0.1))
    offered = Offered(one=slow, levers={"weights=fp8PerTensor": fast, "replicas=2": slow, "replicas=4": slow})
    given = offered.advised(steady(20.0, 120), LatencyObjectives(ttft_p95_s=3.0, tpot_p95_s=5.0))
    assert given.best is not None
    assert not given.best.played.keeps, "it only keeps more"
    assert words_of(given) == ["weights=fp8PerTensor", "replicas=2", "replicas=4"]
    assert given.best == given.tried[0]


def test_where_nothing_helps_nothing_is_named_and_without_prices_gpu_hours_count() -> None:
    hopeless = advised(Service(replicas=1, helps=""), steady(1.0, 120), 0.000001)
    assert hopeless.tried
    assert hopeless.best is None
    assert advice.spent(replace(hopeless.before, cost=None)) == hopeless.before.report.gpu_hours


def test_gpu_hours_of_a_card_without_a_price_are_not_compared_with_the_usd_of_another() -> None:
    """More of the own card take 0.5 GPU hours, and another card costs 0.4 USD."""
    suspicion = Suspicion(bottleneck=Bottleneck.CARD_TOO_SLOW, because="", levers=())
    hours = replace(PLAYED, cost=None, report=replace(PLAYED.report, kept=1.0, gpu_hours=0.5))
    missing = replace(hours, report=replace(hours.report, kept=0.5))
    more, fewer, card, late = (
        PlayedLever(suspicion=suspicion, lever=levers.read(words), played=played)
        for words, played in (
            ("replicas=4", hours),
            ("replicas=3", replace(hours, report=replace(hours.report, gpu_hours=0.4))),
            ("gpu=NVIDIA-A100-SXM4-40GB", replace(hours, cost=0.3)),
            ("replicas=2", missing),
        )
    )

    tried = tuple(sorted((card, late, more, fewer), key=lambda one: one.rank))
    assert tried == (fewer, more, card, late)
    sizes = TrafficSizes(requests=1, prompt=1.0, reply=1.0, longest=2, repeated=0.0)
    assert not Advice(before=missing, sizes=sizes, tried=tried).comparable
    assert Advice(before=missing, sizes=sizes, tried=(fewer, more, late)).comparable
