"""What README promises of `make demo`, as a newcomer sees it, with its console and a real Prometheus."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import pytest

from devcluster import owners
from devcluster.__main__ import main
from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.layout import Layout
from house import prometheus_server
from house.tree import ROOT
from monitoring import files
from tests.monitoring.test_queries import panels
from tests.node import live_console, shown_panels
from tests.node.prometheus_pod import PrometheusPod
from tests.node.serving.claims import Record
from tests.waiting import eventually

STARTED_S: Final = 240.0
LONGEST_S: Final = 900.0
"""For the whole demo; on a quiet machine it takes two minutes."""
EVERY_S: Final = 2.0
IMAGE: Final = "localhost/fairlead:dev"
DEPLOYMENTS: Final = tuple(f"deployments/default/{name}" for name in ("chat", "writer", "small", "large"))
VIEWS: Final = ("", *DEPLOYMENTS, f"{DEPLOYMENTS[0]}/changes", "gateways", "gateways/default/company", "playground")
"""Of the console, with what the demo left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedDemo:
    """The result of the demo, with its cluster still up."""

    code: int
    output: str
    problems: str
    cluster: Embedded
    prometheus: PrometheusPod | None
    """None where there is no program."""


@pytest.fixture(scope="module")
def played(able: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedDemo]:  # noqa: ARG001
    """Run the demo to its end, with a user's Prometheus from the moment that the operator is installed."""
    name = f"demo-{os.getpid()}"
    ours = os.environ | owners.handed_on()
    words = [sys.executable, "-m", "demo", "--name", name]
    try:
        with ExitStack() as stack:
            demo = subprocess.Popen(
                words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=ours
            )
            stack.callback(demo.kill)
            prometheus = None
            if prometheus_server.found():
                cluster = _with_our_image(name, demo)
                folder = tmp_path_factory.mktemp("prometheus")
                prometheus = stack.enter_context(PrometheusPod(cluster, IMAGE, folder, files.rules(), EVERY_S))
            output, problems = demo.communicate(timeout=LONGEST_S)
            yield PlayedDemo(
                code=demo.returncode,
                output=output,
                problems=problems,
                cluster=Embedded(Layout.of(Cache.chosen(), name)),
                prometheus=prometheus,
            )
    finally:
        assert main(["down", "--name", name]) == 0


def _with_our_image(name: str, demo: subprocess.Popen[str]) -> Embedded:
    """The demo's cluster once its nodes have our image: Helm creates the namespace next."""

    def found() -> Embedded:
        assert demo.poll() is None, demo.communicate()[1]
        cluster = Embedded(Layout.of(Cache.chosen(), name))
        cluster.kubectl("get", "namespace", "fairlead-system")
        return cluster

    return eventually(found, "the demo installs the operator", STARTED_S)


def test_one_command_leads_from_nothing_to_two_models_that_follow_their_load(played: PlayedDemo) -> None:
    """Five loads, none with a failed request: quiet, burst, calm, from zero, and through a rollout; then a gateway, an
    answer that was judged and replaced, one from the cache, and a tenant over its limit."""
    shown = played.output
    assert played.code == 0, played.problems
    assert shown.count(" 0 failed;") == 5, shown
    assert "recommended 4, running 4, ready 4" in shown
    assert "recommended 1, running 1, ready 1" in shown
    assert shown.count("$ fairlead explain infd/chat\ninfd/chat in default: ") == 2
    assert "spec.engine.context.maxTokens" in shown
    assert "Serving" in shown
    assert "x-fairlead-escalated: not_json; from=default/small" in shown, shown
    assert [shown.count(f"x-fairlead-cache: {found}\n") for found in ("miss", "hit")] == [1, 1], shown
    assert "  429 after " in shown
    assert "tenant trial may use 60 a minute" in shown
    assert "fairlead console --service-account default/reader" in shown
    address = shown.split("curl http://")[1].split("/")[0]
    with urllib.request.urlopen(f"http://{address}/v1/models", timeout=10) as answer:  # our own door
        assert [one["id"] for one in json.load(answer)["data"]] == ["chat"]


def test_its_console_shows_every_view_in_a_browser_and_its_playground_is_answered(
    played: PlayedDemo, record_property: Record
) -> None:
    """seeing.3"""
    assert played.code == 0, played.problems
    with live_console.opened(str(played.cluster.kubeconfig), "default/reader") as (page, root):
        record_property("console_views", live_console.walk(page, root, VIEWS))
        live_console.play(page, root, "default/chat-router:http")


def test_no_panel_of_any_dashboard_is_empty_after_it(played: PlayedDemo, record_property: Record) -> None:
    """seeing.1"""
    assert played.code == 0, played.problems
    if played.prometheus is None:
        pytest.skip("no prometheus here: python -m house.prometheus_server installs one")
    empty = shown_panels.empty(played.prometheus)
    record_property("panels", shown_panels.count())
    record_property("queries", len(list(panels())))
    record_property("empty", len(empty))
    assert not empty, "\n".join(empty)
