"""Requests at both revisions are read from each router once, and from the first again after a router restarted."""

import asyncio
from dataclasses import dataclass, field

from fairlead.cluster.kinds import Manifest
from fairlead.cluster.router_client import ReportedSamples, SamplesPage
from fairlead.controller.pods.canary_samples import CanarySamples, SampledRouter
from fairlead.fleet.request_samples import RequestSample
from fairlead.fleet.traffic_shares import TrafficShare

FIVE = TrafficShare(revision="b", percent=5)
ROUTERS = [SampledRouter(pod={"metadata": {"uid": uid}}) for uid in ("r1", "r2")]


@dataclass
class Routers:
    """What each reports, and from which row on it was read."""

    share: TrafficShare | None = FIVE
    rows: dict[str, list[RequestSample]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    reads: list[tuple[str, int]] = field(default_factory=list)

    async def samples(self, router: Manifest, page: SamplesPage) -> ReportedSamples | None:
        """Its rows from this one on."""
        after = page.after
        uid = router["metadata"]["uid"]
        self.reads.append((uid, after))
        rows = self.rows.get(uid, [])
        report = ReportedSamples(share=self.share, rows=tuple(rows[after:]), count=len(rows))
        return None if uid in self.silent else report


def row(at: float) -> RequestSample:
    """A request that ended then."""
    return RequestSample(at=at, candidate=True, conversation="c", prompt_tokens=9)


def read(samples: CanarySamples, revision: str = "b") -> list[float] | None:
    """When they ended; None while no router reports."""
    found = asyncio.run(samples.read("uid", ROUTERS, revision))
    return None if found is None else [one.at for one in found]


def test_each_row_is_read_once() -> None:
    routers = Routers(rows={"r1": [row(1.0)], "r2": [row(2.0), row(3.0)]})
    samples = CanarySamples(routers)
    assert read(samples) == [1.0, 2.0, 3.0]
    routers.rows["r1"].append(row(4.0))
    assert read(samples) == [1.0, 4.0, 2.0, 3.0]
    assert routers.reads == [("r1", 0), ("r2", 0), ("r1", 1), ("r2", 2)]


def test_a_router_that_does_not_answer_keeps_its_last_report_and_none_ever_is_no_report() -> None:
    routers = Routers(rows={"r1": [row(1.0)]})
    samples = CanarySamples(routers)
    read(samples)
    routers.silent = {"r1", "r2"}
    assert read(samples) == [1.0]
    samples.forget("uid")
    assert read(samples) is None


def test_another_share_or_a_router_that_began_anew_is_read_from_the_first_row() -> None:
    routers = Routers(rows={"r1": [row(1.0), row(2.0)]})
    samples = CanarySamples(routers)
    read(samples)
    routers.rows["r1"] = [row(9.0)]
    assert read(samples) == [9.0]
    routers.share, routers.rows = TrafficShare(revision="b", percent=50), {"r1": [row(11.0)]}
    assert read(samples) == [11.0]


def test_requests_of_another_revisions_share_are_not_compared() -> None:
    routers = Routers(rows={"r1": [row(1.0)]})
    assert read(CanarySamples(routers), "c") is None
