"""Fixtures of the tests with real engines: one node that holds the image, and another for everything else.

Such an image takes gigabytes of memory, so only one node has it. That node is tainted, since only it has cores for
engines: the operator, its webhook and the routers run on the other.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import pytest

from devcluster.cache import Cache
from devcluster.door import Door, Embedded
from devcluster.image import build
from devcluster.image.locked_image import LockedImage
from house import tiny_images
from house.tree import ROOT
from tests import worlds
from tests.node import operator_stage
from tests.node.operator_stage import ROLE, Deployed, Observed, Operator
from tests.node.stories import STAGES, Manifest, Stage
from tests.node.streams import Question, Traffic
from tests.waiting import eventually

NODE: Final = "engines"
OTHERS: Final = "others"
TAINT: Final = "fairlead.test/engines=only:NoSchedule"
START_SECONDS: Final = 420.0
"""A start takes half a minute on idle cores; two at once, with their clients and a control plane, take more."""
REPLICA: Final[dict[str, Any]] = {
    "accelerator": {"product": "CPU", "cores": 1, "memory": "5Gi"},
    "placement": {
        "nodeSelector": {"kubernetes.io/hostname": NODE},
        "tolerations": [{"key": TAINT.partition("=")[0], "operator": "Exists"}],
    },
    "router": {"timeouts": {"firstToken": "240s", "betweenTokens": "60s"}},
    "replicas": 1,
    "drain": {"settle": "3s", "timeout": "60s"},
    "rollout": {"strategy": "Replace", "progressDeadlineSeconds": 600},
}
"""A core of its own, and as much time as real engines take."""
MODEL: Final[dict[str, Any]] = {
    "source": f"oci://{tiny_images.MODEL}",
    "servedName": "chat",
    "shape": dict(tiny_images.SHAPE),
}


CLIENTS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedQuestion(Question):
    """What a model with random weights writes is not specified; how much it writes is."""

    LENGTHS: ClassVar[tuple[int, ...]] = (40, 400, 120, 240)
    TIMEOUT_S: ClassVar[float] = 300.0

    def flaw(self, text: str, finish: str | None, counted: int | None) -> str:
        """As many tokens as requested, by the engine's own count, and some text."""
        if text and (finish, counted) == ("length", self.tokens):
            return ""
        return f"{len(text)} letters; finish {finish}, usage {counted} of {self.tokens}"


@contextmanager
def with_image(image: LockedImage, name: str) -> Iterator[Embedded]:
    """A cluster of these tests' own, with this engine's image and the tiny model on its node."""
    if worlds.names_existing():
        pytest.skip(f"these stories want a node of their own with {image.software}'s image in its memory")
    with worlds.embedded(f"{name}-{os.getpid()}", NODE, OTHERS) as made:
        made.kubectl("taint", "node", NODE, TAINT)
        made.load_large(image.ensure(ROOT, Cache.chosen()).archive, NODE)
        for archive in tiny_images.archives(Cache.chosen()):
            made.load_large(archive, NODE)
        yield made


@contextmanager
def namespace(cluster: Embedded, node: pytest.Item) -> Iterator[Stage]:
    """A namespace of the test's own, once no engine of another test uses the node's cores."""
    cores_are_free(cluster)
    made = Stage(cluster, f"story-{uuid.uuid4().hex[:8]}")
    node.stash.setdefault(STAGES, []).append(made)
    yield made
    made.clear()


@contextmanager
def installed(cluster: Embedded, config: pytest.Config) -> Iterator[Operator]:
    """The operator, installed by Helm once for all tests."""
    built = build.build(ROOT, Cache.chosen())
    for node in (NODE, OTHERS):  # routers there, and beside engines the loader of adapters
        cluster.load_large(built.archive, node)
    with operator_stage.installed(cluster, built.reference, config) as operator:
        yield operator


def serves(chat: Deployed) -> Observed:
    """Wait until it serves, as long as real engines take."""
    return chat.serves(START_SECONDS)


def traffic(chat: Deployed, clients: int = CLIENTS) -> Traffic:
    """Conversations of the official client, counted to the last token."""
    return Traffic(chat.address(), clients=clients, question=CountedQuestion)


def cores_are_free(cluster: Door) -> None:
    """Wait until no engine of another test uses the node's cores, in any namespace."""
    words = ("get", "pods", "-A", "-l", f"{ROLE}=engine", "-o", "name")
    eventually(lambda: not cluster.kubectl(*words).split(), "the engines before are gone", 120)


def container_of(pod: Manifest) -> Manifest:
    """The engine's container."""
    (found,) = pod["spec"]["containers"]
    return dict(found)


def conditions(chat: Deployed) -> dict[str, str]:
    """The message of each condition, by type."""
    return {one["type"]: str(one["message"]) for one in chat.observe().status.get("conditions", ())}


def executed(chat: Deployed, *words: str) -> str:
    """The output of a program run in the engine's pod."""
    (pod,) = chat.observe().engines
    return chat.stage.kubectl("exec", pod, "--", *words)
