"""The levers of one service, applied one after the other: what each changes, and whether it stays.

A lever stays if the cheapest fleet that keeps the objectives costs less with it, or if whole answers arrive sooner for
the naive fleet's money. What does not help here is shown too: it may help elsewhere.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench.levers.fleets import MOST, CannotServe, Fleets, Played, candidate
from bench.levers.services import SMALL, Service
from fairlead.backtest.candidate import Candidate
from fairlead.backtest.play import KEPT_GOAL

NAIVE: Final = ("router=off",)
SAME: Final = 1e-9
SOONER: Final = 0.98
"""Of an answer's time before; less is noise."""
ALIKE: Final = 1.02
"""Settings whose costs differ by less cost the same: a run is no more exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One lever of the ladder."""

    lever: str
    field: str
    """The field that sets it."""
    choices: tuple[tuple[str, ...], ...]
    """Its settings; the best counts."""
    assumes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The result of a lever."""

    lever: str
    field: str
    setting: str
    found: Played | None
    """The cheapest fleet that keeps the objectives; None if it cannot serve."""
    same_money: Played | None
    """What users would see if all savings were spent on replicas, for the naive fleet's money."""
    stays: bool
    why: str = ""
    assumes: str = ""


def rungs(service: Service) -> Iterator[Rung]:
    """In the order in which a team would try them: what costs nothing first."""
    yield Rung(lever="prefix caching", field="engine.prefixCaching", choices=(("prefixCaching=on",),))
    yield Rung(lever="routing by load and prefix", field="spec.router", choices=(("router=on",),))
    yield Rung(
        lever="batching", field="engine.batching.maxBatchedTokens", choices=tuple((one,) for one in service.batches)
    )
    yield Rung(
        lever="8-bit weights",
        field="engine.quantization.weights",
        choices=(("weights=fp8PerTensor",), ("weights=fp8PerTensor", "tensorParallel=2")),
        assumes="answers as good as with 16 bits: evaluate it",
    )
    yield Rung(
        lever="8-bit KV cache",
        field="engine.quantization.kvCache",
        choices=(("kvCache=fp8",),),
        assumes="answers as good: evaluate it",
    )
    yield Rung(
        lever="speculative decoding",
        field="engine.speculation",
        choices=(("speculation=ngram", "acceptance=0.4"),),
        assumes="40 % of drafted tokens are accepted",
    )
    yield Rung(
        lever="the card that suits", field="accelerator.product", choices=tuple(_words(one) for one in service.cards)
    )


def climbed(service: Service, note: Callable[[str], None]) -> list[Step]:
    """Every step, the naive fleet first."""
    fleets = Fleets(service)
    pulled: tuple[str, ...] = NAIVE
    count, best = fleets.fewest(candidate(service.naive, pulled), 8)
    money = best.usd_an_hour
    steps = [_step("naive", "-", "", best, best)]
    for rung in rungs(service):
        step, chosen, count = _tried(fleets, rung, pulled, (count, best), money)
        note(f"{service.name}: {step.lever}: {step.found.usd_an_hour if step.found else 0:.2f} USD an hour")
        steps.append(step)
        if step.stays and step.found is not None:
            pulled, best = chosen, step.found
    steps += _whole_fleet(fleets, pulled, (count, best), money)
    return steps


def _whole_fleet(fleets: Fleets, pulled: Sequence[str], so_far: tuple[int, Played], money: float) -> Iterator[Step]:
    """Levers outside the engine: fewer requests for it, and replicas that follow the load."""
    service, (count, best) = fleets.service, so_far
    if service.repeated:
        pulled = (*pulled, f"responseCache={service.repeated}")
        count, best = fleets.fewest(candidate(service.naive, tuple(pulled)), count)
        share = f"{service.repeated:.0%} of requests were answered before, word for word"
        same = _for(fleets, candidate(service.naive, tuple(pulled)), money)
        yield replace(_step("response cache", "spec.router.cache", "", best, same), assumes=share)
    one = candidate(service.naive, tuple(pulled))
    scaled = fleets.scaled(one, count)
    keeps = scaled.kept >= KEPT_GOAL and scaled.usd_an_hour < best.usd_an_hour
    why = "" if keeps else f"kept {scaled.kept:.1%} of requests" if scaled.kept < KEPT_GOAL else "saves nothing here"
    yield replace(_step("replicas that follow the load", "spec.scaling", "", scaled, None), stays=keeps, why=why)
    if service.easy:
        yield _right_sized(fleets, tuple(pulled), count)


def _right_sized(fleets: Fleets, pulled: tuple[str, ...], count: int) -> Step:
    """Send the easy requests to a small model on cards of its own; both fleets fixed."""
    service = fleets.service
    small = _small(service, pulled)
    _, rest = fleets.fewest(candidate(service.naive, pulled), count, service.easy)
    _, easy = fleets.fewest(small, 2, service.easy, small=True)
    both = replace(
        rest,
        replicas=rest.replicas + easy.replicas,
        usd_an_hour=rest.usd_an_hour + easy.usd_an_hour,
        ttft_p95=max(rest.ttft_p95, easy.ttft_p95),
        tpot_p95=max(rest.tpot_p95, easy.tpot_p95),
        e2e_p95=max(rest.e2e_p95, easy.e2e_p95),
    )
    words = f"{service.easy:.0%} of requests are answered as well by the small model: evaluate it"
    return replace(_step("a small model for what is easy", "InferenceGateway", "", both, None), assumes=words)


def _small(service: Service, pulled: tuple[str, ...]) -> Candidate:
    """The small model with the same levers, on one L40S."""
    spec = service.naive["spec"]
    naive = service.naive | {"spec": spec | {"model": {"source": SMALL}}}
    kept = tuple(one for one in pulled if not one.startswith(("gpu=", "tensorParallel=")))
    return candidate(naive, (*kept, "gpu=NVIDIA-L40S", "tensorParallel=1"))


def _tried(
    fleets: Fleets, rung: Rung, pulled: tuple[str, ...], so_far: tuple[int, Played], money: float
) -> tuple[Step, tuple[str, ...], int]:
    """Compare the best setting of a lever with the result before it."""
    (count, before), found = so_far, []
    problems = []
    for words in rung.choices:
        try:
            one = candidate(fleets.service.naive, (*pulled, *words))
            found.append((*fleets.fewest(one, count), words, one))
        except CannotServe as problem:
            problems.append(f"{' '.join(words)}: {problem}")
    if not found:
        step = _step(rung.lever, rung.field, "", None, None)
        return replace(step, stays=False, why="; ".join(problems), assumes=rung.assumes), pulled, count
    cheapest = min(each[1].usd_an_hour for each in found)
    alike = [each for each in found if each[1].usd_an_hour <= ALIKE * cheapest]
    replicas, best, words, one = min(alike, key=lambda each: each[1].e2e_p95)
    cheaper = best.usd_an_hour < before.usd_an_hour - SAME
    rich, poorer = _for(fleets, one, money), _for(fleets, candidate(fleets.service.naive, pulled), money)
    sooner = abs(best.usd_an_hour - before.usd_an_hour) <= SAME and rich.e2e_p95 < SOONER * poorer.e2e_p95
    stays = cheaper or sooner
    step = _step(rung.lever, rung.field, ", ".join(words), best, rich)
    why = "" if stays else "more expensive here" if best.usd_an_hour > before.usd_an_hour else "changes nothing here"
    step = replace(step, stays=stays, why=why, assumes=rung.assumes)
    return step, (*pulled, *words) if stays else pulled, replicas if stays else count


def _for(fleets: Fleets, one: Candidate, money: float) -> Played:
    """Run as many replicas as the naive fleet's money buys."""
    assert one.price_an_hour is not None
    return fleets.fixed(one, max(1, min(round(money / (one.price_an_hour * one.gpus)), MOST)))


def _step(lever: str, field: str, setting: str, found: Played | None, same: Played | None) -> Step:
    return Step(lever=lever, field=field, setting=setting, found=found, same_money=same, stays=True)


def _words(written: str) -> tuple[str, ...]:
    return tuple(written.split(","))
