"""Deployments of the tiny model on real vLLM, and what its clients ask: whoever asks counts what comes."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from devcluster.door import Door
from house import tiny_images
from tests.node.operator_stage import ROLE, Deployed, Observed
from tests.node.stories import Manifest, Stage
from tests.node.streams import Question, Traffic
from tests.waiting import eventually

NODE: Final = "engines"
OTHERS: Final = "others"
TAINT: Final = "fairlead.test/engines=only:NoSchedule"
START_SECONDS: Final = 420.0
"""A start takes half a minute on idle cores; two beside each other, their clients and a control plane take more."""
CLIENTS: Final = 4
CONTEXT: Final = 2048
OTHER_CONTEXT: Final = 1024
"""What an edit changes it to: both hold every question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedQuestion(Question):
    """What a model with random weights says is nobody's contract; how much it says is."""

    LENGTHS: ClassVar[tuple[int, ...]] = (40, 400, 120, 240)
    TIMEOUT_S: ClassVar[float] = 300.0

    def flaw(self, text: str, finish: str | None, counted: int | None) -> str:
        """As many tokens as were asked for, by the engine's own count, and something to read."""
        if text and (finish, counted) == ("length", self.tokens):
            return ""
        return f"{len(text)} letters; finish {finish}, usage {counted} of {self.tokens}"


def spec(context: int = CONTEXT, **engine: object) -> dict[str, Any]:
    """A replica with a core of its own; `engine` adds to its part."""
    return {
        "model": {"source": f"oci://{tiny_images.MODEL}", "servedName": "chat", "shape": dict(tiny_images.SHAPE)},
        "engine": {"context": {"maxTokens": context}, **engine},
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


def deployed(stage: Stage, name: str = "chat", **changes: object) -> Deployed:
    """The tiny model on real vLLM, with these fields of its spec changed."""
    return Deployed(stage, name, **(spec() | changes))


def serves(chat: Deployed) -> Observed:
    """Wait as long as real engines take."""
    return chat.serves(START_SECONDS)


def traffic(chat: Deployed, clients: int = CLIENTS) -> Traffic:
    """Conversations of the official client that are counted to their last token."""
    return Traffic(chat.address(), clients=clients, question=CountedQuestion)


def cores_are_free(cluster: Door) -> None:
    """Wait until no engine of another story takes the node's cores, of all namespaces."""
    words = ("get", "pods", "-A", "-l", f"{ROLE}=engine", "-o", "name")
    eventually(lambda: not cluster.kubectl(*words).split(), "the engines before are gone", 120)


def container_of(pod: Manifest) -> Manifest:
    """The engine's."""
    (found,) = pod["spec"]["containers"]
    return dict(found)


def conditions(chat: Deployed) -> dict[str, str]:
    """What each condition says, by its type."""
    return {one["type"]: str(one["message"]) for one in chat.observe().status.get("conditions", ())}
