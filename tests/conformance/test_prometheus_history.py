"""A real Prometheus with three hours of routers' counters: requests drawn from it have its rates and means."""

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.cli.prometheus_traffic import RouterHistory
from house import prometheus_server
from tests.waiting import eventually

HOST = "127.0.0.48:19090"
SCRAPE_SECONDS = 30
HISTORY_SECONDS = 3 * 3600
ROUTERS = ("chat-router-7c9d8-x2x4z", "chat-router-7c9d8-b7k9q")
STRANGER = "chat-router-extra-router-5f6d7-q8w2e"
"""Of a deployment chat-router-extra, whose name has the same prefix."""
GROWTH = {
    "fairlead_router_arrivals": 1.0,
    "fairlead_router_forwarded": 1.0,
    "fairlead_router_prompt_tokens": 800.0,
    "fairlead_router_output_tokens": 100.0,
}
"""Per second, of each router."""
GATEWAY_ROUTERS = ("company-gateway-7c9d8-x2x4z", "company-gateway-7c9d8-b7k9q")
ROUTED = {
    ("fairlead_router_target_requests", 'target="team/chat",code="2xx"'): 0.9,
    ("fairlead_router_target_requests", 'target="team/chat",code="5xx"'): 0.1,
    ("fairlead_router_target_requests", 'target="team/mail",code="2xx"'): 7.0,
    ("fairlead_router_target_prompt_tokens", 'target="team/chat"'): 450.0,
    ("fairlead_router_target_prompt_tokens", 'target="team/mail"'): 9.0,
    ("fairlead_router_target_output_tokens", 'target="team/chat"'): 90.0,
    ("fairlead_router_target_output_tokens", 'target="team/mail"'): 9.0,
}
"""Per second, of each of the gateway's routers, for two deployments."""


@pytest.mark.skipif(
    prometheus_server.found() is None, reason="no prometheus here: python -m house.prometheus_server installs one"
)
def test_drawn_requests_are_those_of_the_deployment_by_its_own_routers_or_a_gateways(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("\n".join([*_kept(), "# EOF", ""]))
    words = [
        "promtool",
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        str(tmp_path / "kept.txt"),
        str(tmp_path / "tsdb"),
    ]
    subprocess.run(words, check=True, capture_output=True)
    with _running(tmp_path):
        history = RouterHistory(url=f"http://{HOST}", namespace="team", name="chat", seconds=2 * 3600.0)
        rows = _drawn(history, tmp_path)
        routed = _drawn(replace(history, gateway=("front", "company")), tmp_path)

    assert len(rows) == pytest.approx(2 * 7200, rel=0.05), "one a second of each of two routers"
    assert sum(int(one[1]) for one in rows) / len(rows) == pytest.approx(800, rel=0.05)
    assert sum(int(one[2]) for one in rows) / len(rows) == pytest.approx(100, rel=0.05)
    assert len(routed) == pytest.approx(2 * 7200, rel=0.05), "what failed was asked for, too"
    assert sum(int(one[1]) for one in routed) / len(routed) == pytest.approx(500, rel=0.05)
    assert sum(int(one[2]) for one in routed) / len(routed) == pytest.approx(100, rel=0.05)


def _drawn(history: RouterHistory, folder: Path) -> list[list[str]]:
    return [line.split(",") for line in history.write(folder).read_text().splitlines()[1:]]


def _kept() -> Iterator[str]:
    """In the order that the format requires: all series of one family, each by time."""
    now = int(time.time())  # noqa: TID251 - Prometheus keeps what is of now
    for family, growth in GROWTH.items():
        yield f"# TYPE {family} counter"
        for pod in (*ROUTERS, STRANGER):
            for ago in range(HISTORY_SECONDS, -1, -SCRAPE_SECONDS):
                labels = f'namespace="team",pod="{pod}",model="chat"'
                yield f"{family}_total{{{labels}}} {growth * (HISTORY_SECONDS - ago):g} {now - ago}"
    begun = ""
    for (family, which), growth in ROUTED.items():
        if family != begun:
            yield f"# TYPE {family} counter"
            begun = family
        for pod in GATEWAY_ROUTERS:
            for ago in range(HISTORY_SECONDS, -1, -SCRAPE_SECONDS):
                labels = f'namespace="front",pod="{pod}",model="any",{which}'
                yield f"{family}_total{{{labels}}} {growth * (HISTORY_SECONDS - ago):g} {now - ago}"


@contextmanager
def _running(folder: Path) -> Iterator[None]:
    (folder / "prometheus.yml").write_text("{}")
    words = [str(prometheus_server.found()), f"--config.file={folder / 'prometheus.yml'}", "--log.level=error"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*words, f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address={HOST}"], stdout=log, stderr=log
        )
    try:
        eventually(_ready, "a Prometheus that answers")
        yield
    finally:
        process.terminate()
        process.wait(20)


def _ready() -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
