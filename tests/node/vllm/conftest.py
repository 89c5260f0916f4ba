"""The world of the stories with real engines: one node that holds vLLM's image, and another for all the rest.

The image is 5 GB and lies in memory, so one node has it. It has a taint, since only there are cores for engines: the
operator, its webhook and the routers run beside it.
"""

import os
import uuid
from collections.abc import Iterator

import pytest

from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.image import build, vllm_cpu
from house import tiny_images
from house.tree import ROOT
from tests import worlds
from tests.node.operator_stage import OPERATOR, Operator
from tests.node.stories import STAGES, Stage
from tests.node.vllm.real_engines import NODE, OTHERS, TAINT, cores_are_free


@pytest.fixture(scope="package")
def cluster(request: pytest.FixtureRequest) -> Iterator[Embedded]:
    """A cluster of these stories' own."""
    request.getfixturevalue("able")
    if worlds.names_existing():
        pytest.skip("these stories want a node of their own with vLLM's image in its memory")
    with worlds.embedded(f"engines-{os.getpid()}", NODE, OTHERS) as made:
        made.kubectl("taint", "node", NODE, TAINT)
        made.load_large(vllm_cpu.ensure(ROOT, Cache.chosen()).archive, NODE)
        for archive in tiny_images.archives(Cache.chosen()):
            made.load_large(archive, NODE)
        yield made


@pytest.fixture
def stage(cluster: Embedded, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A namespace of the story's own, once no engine of another story takes the node's cores."""
    cores_are_free(cluster)
    made = Stage(cluster, f"story-{uuid.uuid4().hex[:8]}")
    request.node.stash.setdefault(STAGES, []).append(made)
    yield made
    made.clear()


@pytest.fixture(scope="package")
def operated(cluster: Embedded, request: pytest.FixtureRequest) -> Iterator[Operator]:
    """The operator, installed by Helm once for all stories."""
    built = build.build(ROOT, Cache.chosen())
    cluster.load_large(built.archive, OTHERS)
    operator = Operator(cluster, built.reference)
    request.config.stash[OPERATOR] = operator
    operator.install()
    yield operator
    del request.config.stash[OPERATOR]


@pytest.fixture(scope="package")
def our_image(operated: Operator) -> str:
    """What the operator runs from: Python, on the node beside the engines'."""
    return operated.image
