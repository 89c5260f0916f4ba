"""Fixtures of the serving tests: a cluster with GPUs to spare on two nodes and none on a third, and the operator."""

import os
from collections.abc import Iterator
from typing import Final

import pytest

from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.image import build
from house.tree import ROOT
from tests import worlds
from tests.node import operator_stage
from tests.node.operator_stage import Operator

NODES: Final = ("one=NVIDIA-L4:6", "two=NVIDIA-L4:6", "three=NVIDIA-A100-SXM4-80GB:2")


@pytest.fixture(scope="package")
def cluster(request: pytest.FixtureRequest) -> Iterator[Embedded]:
    """A cluster of these tests' own: they drain nodes and take every GPU, which a user's cluster should not see."""
    request.getfixturevalue("able")
    if worlds.names_existing():
        pytest.skip("these stories drain nodes, and a port-forward ends with its router: they want their own cluster")
    with worlds.embedded(f"serving-{os.getpid()}", *NODES) as made:
        yield made


@pytest.fixture(scope="package")
def our_image(cluster: Embedded) -> str:
    """Our own image on every node."""
    built = build.build(ROOT, Cache.chosen())
    cluster.load(built.archive)
    return built.reference


@pytest.fixture(scope="package")
def operated(cluster: Embedded, our_image: str, request: pytest.FixtureRequest) -> Iterator[Operator]:
    """The operator, installed by Helm once for all tests."""
    with operator_stage.installed(cluster, our_image, request.config) as operator:
        yield operator
