"""Fixtures of the tests with real vLLM, shared by all of them."""

from collections.abc import Iterator

import pytest

from devcluster.door import Embedded
from devcluster.image import vllm_cpu
from tests.node import engine_world
from tests.node.operator_stage import Operator
from tests.node.stories import Stage


@pytest.fixture(scope="package")
def cluster(request: pytest.FixtureRequest) -> Iterator[Embedded]:
    """A cluster of these tests' own."""
    request.getfixturevalue("able")
    with engine_world.with_image(vllm_cpu.IMAGE, "engines") as made:
        yield made


@pytest.fixture
def stage(cluster: Embedded, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A namespace of the test's own."""
    with engine_world.namespace(cluster, request.node) as made:
        yield made


@pytest.fixture(scope="package")
def operated(cluster: Embedded, request: pytest.FixtureRequest) -> Iterator[Operator]:
    """The operator."""
    with engine_world.installed(cluster, request.config) as operator:
        yield operator


@pytest.fixture(scope="package")
def our_image(operated: Operator) -> str:
    """The operator's image: Python, on the node beside the engines'."""
    return operated.image
