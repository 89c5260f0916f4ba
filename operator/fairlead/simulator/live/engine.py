"""Puts one server's engine together from what was provided, and ends it."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from fairlead.sim.engine.core import Core
from fairlead.simulator.faults import Fault, Faults
from fairlead.simulator.live import kv_events
from fairlead.simulator.live.acts import Acts
from fairlead.simulator.live.block_hashes import Hashes
from fairlead.simulator.live.driver import Driver
from fairlead.simulator.live.kv_events import Journal, Publisher
from fairlead.simulator.live.lag import Lag
from fairlead.simulator.live.metrics.page import Counted, Engine, Page
from fairlead.simulator.live.metrics.tally import Tally
from fairlead.simulator.live.metrics.web import Web
from fairlead.simulator.live.provision import Provision
from fairlead.simulator.live.rank import Clockwork, Rank, Teller
from fairlead.simulator.pretence import Pretence
from fairlead.simulator.surface.job import Ending

_NOBODY: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Time as the process sees it, and whom to tell when it slips."""

    steady: Callable[[], float]
    """Only grows."""
    day: Callable[[], float]
    """Seconds since 1970."""
    tell: Callable[[str], None] | None = None
    """Where a line goes when the process cannot keep its own time."""


class LiveEngine:
    """The driver and the acts of one server, made inside a running loop."""

    def __init__(
        self, provision: Provision, pretence: Pretence, clocks: Clocks, environment: Mapping[str, str] = _NOBODY
    ) -> None:
        self._provision = provision
        self._seed = pretence.seed
        self.died: Callable[[Fault], None] = _unheard
        """Told when a fault ends the engine, or the process."""
        self._by = Clockwork(
            clock=clocks.steady,
            day=clocks.day,
            faults=Faults(pretence.order),
            lag=Lag(pretence.lag_limit_seconds, clocks.tell),
            die=self._die,
        )
        ranks = [self._rank(number) for number in range(provision.engines)]
        hashes = Hashes(provision.served.hash_algorithm, environment)
        self.driver = Driver(ranks, hashes, self._by)
        open_to_orders = pretence.faults_api or provision.served.answering.dev_mode
        self.acts = Acts(
            provision.served,
            self.driver,
            self._page(ranks),
            faults_open=open_to_orders,
            wake_seconds=pretence.wake_seconds,
        )

    def end(self) -> int:
        """The engine below the server is gone: everybody inside is told; how many there were."""
        self.driver.dead = True
        for rank in self.driver.ranks:
            rank.stop()
        return self.driver.end_all(Ending.DEAD)

    def close(self) -> None:
        """Let go of sockets."""
        for rank in self.driver.ranks:
            rank.stop()
            if rank.teller is not None:
                rank.teller.publisher.close()

    def _die(self, fault: Fault) -> None:
        if fault is Fault.ENGINE_DEATH:
            self.end()
        self.died(fault)

    def _rank(self, number: int) -> Rank:
        made = self._provision
        core = Core(made.settings, made.times, random.Random(f"{self._seed}/{number}"))  # noqa: S311 - a replayable draw
        return Rank(core, Tally(made.settings.context_tokens), self._by, self._teller(number))

    def _teller(self, number: int) -> Teller | None:
        wanted = kv_events.config(self._provision.served.kv_events)
        if not wanted.on or not self._provision.settings.prefix_caching:
            return None
        journal = Journal(self._provision.settings.block_tokens, lambda name: self.acts.adapter_numbers[name])
        return Teller(journal, Publisher(wanted, number, self._by.day))

    def _page(self, ranks: list[Rank]) -> Page:
        made = self._provision
        return Page(
            model=made.served.names[0],
            engines=[Engine(number, rank.tally, _counted(rank)) for number, rank in enumerate(ranks)],
            cache=made.cache,
            adapter_slots=made.settings.adapter_slots,
            guesses=made.settings.speculation is not None,
            born=self._by.day(),
            lag=self._by.lag,
            web=Web(),
            rejected=self.driver.rejected,
        )


def _counted(rank: Rank) -> Callable[[], Counted]:
    def now() -> Counted:
        counts = rank.core.counts
        return Counted(
            queries=counts.queries,
            hits=counts.hits,
            preemptions=counts.preemptions,
            drafts=counts.drafts,
            draft_tokens=counts.draft_tokens,
            accepted=counts.accepted,
            accepted_at=tuple(counts.accepted_per_position),
        )

    return now


def _unheard(_: Fault) -> None:
    """Nobody has asked to be told."""
