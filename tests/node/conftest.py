"""Fixtures of the node lane: one shared cluster with our own image, and a namespace for each test.

Where no cluster can run, the lane is skipped with a reason; in CI that is a failure, since a lane that silently stopped
running protects nobody. A failed test reports its namespace's events, pods and logs.
"""

import json
import os
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from devcluster.cache import Cache
from devcluster.door import Door, DoorClosed, Embedded
from devcluster.image import build
from tests import worlds
from tests.node.operator_stage import OPERATOR
from tests.node.stories import STAGES, Stage

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def able() -> None:
    """Skip the lane where no cluster can run, and say why."""
    worlds.require("node")


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Door]:
    """The shared cluster."""
    request.getfixturevalue("able")
    with worlds.shared() as door:
        yield door


@pytest.fixture(scope="session")
def our_image(cluster: Door) -> str:
    """Our own image, built from the project's Dockerfile, on every node."""
    if not isinstance(cluster, Embedded):
        named = os.environ.get("FAIRLEAD_IMAGE")
        if named is None:
            pytest.skip("an existing cluster needs FAIRLEAD_IMAGE: the image its nodes can pull")
        return named
    built = build.build(ROOT, Cache.chosen())
    cluster.load(built.archive)
    return built.reference


@pytest.fixture
def stage(cluster: Door, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A namespace of the test's own."""
    made = Stage(cluster, f"story-{uuid.uuid4().hex[:8]}")
    request.node.stash.setdefault(STAGES, []).append(made)
    yield made
    made.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add its namespace's state and the operator's log to a failed test's report."""
    report = yield
    if report.failed and report.when == "call":
        for stage in (one for place in item.listchain() for one in place.stash.get(STAGES, [])):
            report.sections += tellings(stage)
    operator = item.config.stash.get(OPERATOR, None)
    if report.failed and operator is not None:
        report.sections.append(("log of the operator", operator.log()))
    return report


def tellings(stage: Stage) -> list[tuple[str, str]]:
    """Events, pods, logs of the pods and ends of the components' logs."""
    entries = []
    for title, words in (
        ("events", ("get", "events", "--sort-by=.lastTimestamp")),
        ("pods", ("describe", "pods")),
    ):
        entries.append((f"{title} of {stage.namespace}", _try(stage, *words)))
    logs = ("--all-containers", "--tail=40")
    entries += [(f"log of pod {name}", _try(stage, "logs", name, *logs)) for name in _pods(stage)]
    if isinstance(stage.door, Embedded):
        entries += [(f"log of {name}", end) for name, end in stage.door.ends_of_logs()]
    return entries


def _pods(stage: Stage) -> list[str]:
    """The names of its pods; none where the API server does not answer, since a report must not end the whole lane."""
    try:
        return [one["metadata"]["name"] for one in json.loads(stage.kubectl("get", "pods", "-o", "json"))["items"]]
    except DoorClosed:
        return []


def _try(stage: Stage, *words: str) -> str:
    try:
        return stage.kubectl(*words)
    except DoorClosed as problem:
        return str(problem)
