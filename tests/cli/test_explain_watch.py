"""`fairlead explain --watch`: each later decision, and goes on where the API server does not answer for a while."""

import argparse
import io
import signal
from collections.abc import Callable
from functools import partial
from typing import Final

import pytest

from fairlead.cli import explain
from fairlead.cluster.kinds import INFERENCE_DEPLOYMENT
from tests.cli.pretend_cluster import SCALING, PretendCluster
from tests.cluster.fake_api import Fault

WATCHING: Final = argparse.Namespace(
    target="chat",
    namespace=None,
    context=None,
    operator_namespace=None,
    autoscaler=None,
    record=None,
    watch=True,
    every=0.001,
    output="json",
)
"""`fairlead explain chat --watch -o json`, which refreshes all the time."""

Act = Callable[[], object]


class Terminal(io.StringIO):
    """What the command prints, and a person who acts on reading it."""

    def __init__(self) -> None:
        super().__init__()
        self.acts: dict[str, Act] = {}
        """By the words that lead to it, each once."""

    def write(self, text: str) -> int:
        for words in [one for one in self.acts if one in text]:
            self.acts.pop(words)()
        return super().write(text)


class Watcher:
    """A person who watches, with a terminal for each stream, and ends it with Ctrl-C."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.out, self.err = Terminal(), Terminal()
        self.ends = partial(signal.raise_signal, signal.SIGINT)
        monkeypatch.setattr("sys.stdout", self.out)
        monkeypatch.setattr("sys.stderr", self.err)


def decide_two(cluster: PretendCluster) -> None:
    cluster.has("chat", scaling=SCALING | {"message": "two are better"}, readyReplicas=1)


def test_watching_prints_again_when_the_decision_changes(
    cluster: PretendCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = Watcher(monkeypatch)
    watcher.out.acts = {"one is enough": partial(decide_two, cluster), "two are better": watcher.ends}
    assert explain.run(WATCHING) == 0
    assert watcher.out.getvalue().count('"status": {') == 2


def test_watching_survives_an_api_server_that_is_away_and_says_so_once(
    cluster: PretendCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    unavailable = partial(cluster.fail, Fault(code=503), "get", times=3)
    watcher = Watcher(monkeypatch)
    watcher.out.acts = {"one is enough": unavailable, "two are better": watcher.ends}
    watcher.err.acts = {"refreshed again": partial(decide_two, cluster)}
    assert explain.run(WATCHING) == 0
    first, *rest = watcher.err.getvalue().splitlines()
    assert first.startswith("fairlead explain: not refreshed, trying again every 0.001 s: ")
    assert rest == ["fairlead explain: refreshed again"]


def test_watching_ends_when_the_deployment_is_gone(cluster: PretendCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher = Watcher(monkeypatch)
    watcher.out.acts = {"one is enough": partial(cluster.remove, INFERENCE_DEPLOYMENT, "team", "chat")}
    assert explain.run(WATCHING) == 1
    assert "fairlead explain: there is no InferenceDeployment chat" in watcher.err.getvalue()
