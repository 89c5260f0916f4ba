"""A real Prometheus beside direct scraping: engines, a router and a load, and the same decisions from both."""

import asyncio
from pathlib import Path

import pytest

from bench.autoscaler_sources import comparing
from bench.autoscaler_sources.world import Load
from house import prometheus_server


@pytest.mark.skipif(
    prometheus_server.found() is None, reason="no prometheus here: python -m house.prometheus_server installs one"
)
def test_both_sources_lead_to_the_same_decisions_within_one_scrape(tmp_path: Path) -> None:
    found = asyncio.run(comparing.compare(tmp_path, (Load(clients=4, seconds=12), Load(clients=80, seconds=12))))

    assert found.answered > 0
    assert found.direct
    assert found.apart_seconds <= comparing.LATEST_SECONDS, (found.direct, found.prometheus)
