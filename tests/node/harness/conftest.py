"""Fixtures of the tests with the real harness: three GPUs, its image and ours on one node, and the operator."""

import os
from collections.abc import Iterator

import pytest

from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.image import build, lm_eval
from house.tree import ROOT
from tests import worlds
from tests.node import operator_stage
from tests.node.operator_stage import Operator


@pytest.fixture(scope="package")
def cluster(request: pytest.FixtureRequest) -> Iterator[Embedded]:
    """A cluster of these tests' own."""
    request.getfixturevalue("able")
    if worlds.names_existing():
        pytest.skip("these stories want a node of their own that has the harness's image")
    with worlds.embedded(f"harness-{os.getpid()}", "one=NVIDIA-L4:3") as made:
        made.load_large(lm_eval.IMAGE.ensure(ROOT, Cache.chosen()).archive, "one")
        yield made


@pytest.fixture(scope="package")
def operated(cluster: Embedded, request: pytest.FixtureRequest) -> Iterator[Operator]:
    """The operator, installed by Helm once for all tests."""
    built = build.build(ROOT, Cache.chosen())
    cluster.load(built.archive)
    with operator_stage.installed(cluster, built.reference, request.config) as operator:
        yield operator
