"""Fixtures of the conformance lane: one server at a time, ours unless FAIRLEAD_CONFORMANCE says otherwise.

A real server takes half a minute to start and three gigabytes of memory, so cases of one configuration run one after
another, and a server is stopped when the next one is requested.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from house.conformance import CHOICE
from tests.conformance import configurations, engines, servers
from tests.conformance.endpoint import Endpoint
from tests.conformance.engines import EngineWords
from tests.conformance.servers import Configuration

FOLDER: Final = Path(__file__).parent
SHARED: Final = ("plain", "either", "richer", "rich", "detailed", "narrow", "queueing", "cramped")
"""Fixtures that are servers, in start order; of each, the kinds of engine one after the other."""
UNDER_TEST: Final = engines.under_test()
OTHERS: Final = ((engines.SGLANG, "sglang"), (engines.TENSORRT, "tensorrt"))
"""Kinds with cases of their own, and how the fixtures of these begin."""
RICHER: Final = tuple(one for one in UNDER_TEST if one in engines.RICHER)
PLAIN: Final = {
    engines.VLLM.kind: configurations.PLAIN,
    engines.SGLANG.kind: configurations.SGLANG,
    engines.TENSORRT.kind: configurations.TENSORRT,
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and group those of one server."""
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker("conformance")
    items[:] = [item for item in items if not item.path.is_relative_to(FOLDER) or _is_for(item)]
    items.sort(key=_server)


def _is_for(item: pytest.Item) -> bool:
    """Whether a test applies to a kind under test; a case of another kind is not skipped but removed.

    Tests without an engine are here for the lane only; a chosen server's figures count only the cases that use it.
    """
    if CHOICE in os.environ and "stage" not in getattr(item, "fixturenames", ()):
        return False
    call = getattr(item, "callspec", None)
    if call and any(isinstance(one, EngineWords) for one in call.params.values()):
        return True
    names = getattr(item, "fixturenames", ())
    own = [words for words, kind in OTHERS if any(name.startswith(kind) for name in names)]
    return (own[0] if own else engines.VLLM) in UNDER_TEST


def _server(item: pytest.Item) -> int:
    """-1 for tests outside this folder, so that they keep their order."""
    if not item.path.is_relative_to(FOLDER):
        return -1
    used = getattr(item, "fixturenames", ())
    place = next((place for place, name in enumerate(SHARED) if name in used), len(SHARED))
    call = getattr(item, "callspec", None)
    words = next((one for one in (call.params.values() if call else ()) if isinstance(one, EngineWords)), engines.VLLM)
    return place + (len(SHARED) + 1) * engines.ALL.index(words)


class Stage:
    """Runs one server at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._name = ""
        self._endpoint: Endpoint | None = None

    def have(self, configuration: Configuration) -> Endpoint:
        """The server of this configuration; another one is stopped first."""
        if self._endpoint is None or self._name != configuration.name:
            self.clear()
            plain = configuration.name in {one.name for one in PLAIN.values()}
            started = servers.running(configuration, self._folder, plain=plain)
            self._endpoint = self._stack.enter_context(started)
            self._name = configuration.name
        return self._endpoint

    def clear(self) -> None:
        """Stop the running server."""
        self._endpoint = None
        self._stack.close()


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Without a server at first and at the end."""
    state = Stage(tmp_path_factory.mktemp("servers"))
    yield state
    state.clear()


@pytest.fixture
def plain(stage: Stage) -> Endpoint:
    """As it starts with no special flags."""
    return stage.have(configurations.PLAIN)


@pytest.fixture(params=UNDER_TEST, ids=lambda one: str(one.kind))
def either(request: pytest.FixtureRequest, stage: Stage) -> Endpoint:
    """The plain server of each kind, for what all kinds answer alike."""
    return stage.have(PLAIN[request.param.kind])


@pytest.fixture(params=RICHER, ids=lambda one: str(one.kind))
def richer(request: pytest.FixtureRequest, stage: Stage) -> Endpoint:
    """The plain server of each kind that accepts and returns more than OpenAI's clients know."""
    return stage.have(PLAIN[request.param.kind])


@pytest.fixture(params=RICHER, ids=lambda one: str(one.kind))
def detailed(request: pytest.FixtureRequest, stage: Stage) -> Endpoint:
    """Of each kind one that reports cached tokens, has a tool parser, and metrics."""
    return stage.have({engines.VLLM: configurations.RICH, engines.SGLANG: configurations.SGLANG}[request.param])


@pytest.fixture(params=RICHER, ids=lambda one: str(one.kind))
def queueing(request: pytest.FixtureRequest, stage: Stage) -> Endpoint:
    """Of each kind one with one slot, a short priority queue, and a key."""
    return stage.have(
        {engines.VLLM: configurations.NARROW, engines.SGLANG: configurations.SGLANG_NARROW}[request.param]
    )


@pytest.fixture
def sglang(stage: Stage) -> Endpoint:
    """SGLang with an adapter, tools and metrics."""
    return stage.have(configurations.SGLANG)


@pytest.fixture
def sglang_narrow(stage: Stage) -> Endpoint:
    """SGLang with one slot, a short priority queue, and a key."""
    return stage.have(configurations.SGLANG_NARROW)


@pytest.fixture
def tensorrt(stage: Stage) -> Endpoint:
    """TensorRT-LLM with adapters, tools and metrics."""
    return stage.have(configurations.TENSORRT)


@pytest.fixture
def rich(stage: Stage) -> Endpoint:
    """With tools, adapters, events and all optional output."""
    return stage.have(configurations.RICH)


@pytest.fixture
def narrow(stage: Stage) -> Endpoint:
    """With one slot, a short priority queue, and a key."""
    return stage.have(configurations.NARROW)


@pytest.fixture
def cramped(stage: Stage) -> Endpoint:
    """With a cache of eleven blocks."""
    return stage.have(configurations.CRAMPED)


@pytest.fixture
def empty_stage(stage: Stage, tmp_path: Path) -> Path:
    """A stopped stage and a folder for the log, for a case that starts and stops its own server."""
    stage.clear()
    return tmp_path


@pytest.fixture
def sglang_stage(empty_stage: Path) -> Path:
    """As `empty_stage`, for a case of SGLang."""
    return empty_stage


@pytest.fixture
def tensorrt_stage(empty_stage: Path) -> Path:
    """As `empty_stage`, for a case of TensorRT-LLM."""
    return empty_stage
