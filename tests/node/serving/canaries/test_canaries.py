"""A canary without a spare GPU under streams: one that a user promotes, and one whose faults roll it back."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from devcluster.kubectl_watch import KubectlWatch, WatchedLine
from tests import worlds
from tests.node.operator_stage import OF, ROLE, Deployed, Pages, engine
from tests.node.serving.claims import Record, unharmed
from tests.node.serving.scaling.fleets import command
from tests.node.stories import Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

REPLICAS: Final = 3
ROUTERS: Final = 2
ENDED: Final = {"Succeeded", "Failed"}
SAMPLE_SECONDS: Final = 0.1
POD: Final = "{.type} {.object.metadata.name} {.object.status.phase} {.object.spec.nodeName}"
FAULTY: Final = engine(FAIRLEAD_ENGINE_FAULT="errors", FAIRLEAD_ENGINE_FAULT_AFTER="12")
"""It answers the probes of both routers and some users, then nobody."""


@dataclass(slots=True, kw_only=True)
class CanaryTrail:
    """Observations of a canary: every change of its pods, the rest at every sample."""

    pods: list[WatchedLine] = field(default_factory=list, repr=False)
    """The output of a watch of its engines' pods; it grows."""
    routable: int = REPLICAS
    """The fewest replicas available to clients."""
    phases: list[str] = field(default_factory=list)
    last: str = ""
    """The last status of the canary, and the last condition Progressing."""
    undecided_at: float = 0.0
    """When the status last had no verdict yet: the verdict came later."""
    rejected: bool = False
    left_at: float | None = None
    """When the last router stopped sending to the new revision, after it had begun."""

    @property
    def held(self) -> int:
        """The most engine pods that held a GPU at once."""
        return max_held(line.text for line in tuple(self.pods))

    @property
    def seconds_to_leave(self) -> float | None:
        """An upper bound on the time from the verdict until the last router stopped sending."""
        return None if self.left_at is None else self.left_at - self.undecided_at


class CanaryWatch:
    """Samples a deployment and each of its routers until it is ended."""

    def __init__(self, chat: Deployed, pages: Sequence[Pages]) -> None:
        self.trail = CanaryTrail()
        self._chat = chat
        self._pages = pages
        self._led = False
        self._done = threading.Event()

    def sample_status(self) -> None:
        """Sample the deployment's status once."""
        trail = self.trail
        began = time.monotonic()
        (document,) = self._chat.stage.objects("infd")
        status = document.get("status", {})
        trail.routable = min(trail.routable, status.get("routableReplicas", 0))
        phase = (status.get("canary") or {}).get("phase", "")
        progressing = [one for one in status.get("conditions", []) if one["type"] == "Progressing"]
        trail.last = json.dumps([status.get("canary"), progressing])
        if phase and trail.phases[-1:] != [phase]:
            trail.phases.append(phase)
        trail.rejected = trail.rejected or phase == "Rejected"
        if not trail.rejected:
            trail.undecided_at = began

    def sample_shares(self) -> None:
        """Sample once what each router gives to the new revision."""
        percents = [_percent(one) for one in self._pages]
        if any(percents):
            self._led, self.trail.left_at = True, None
        elif self._led and self.trail.left_at is None:
            self.trail.left_at = time.monotonic()

    def repeat(self, sample: Callable[[], None]) -> None:
        """Sample until `end`."""
        while not self._done.wait(SAMPLE_SECONDS):
            sample()

    def end(self) -> None:
        """Stop sampling."""
        self._done.set()


@contextmanager
def watched(chat: Deployed, pages: Sequence[Pages] | None = None) -> Iterator[CanaryTrail]:
    """Observe from before the change until the block ends; a time-out in the block shows the observations."""
    watch = CanaryWatch(chat, router_pages(chat) if pages is None else pages)
    watch.sample_status()
    samples = (watch.sample_status, watch.sample_shares)
    threads = [threading.Thread(target=watch.repeat, args=(one,), name=one.__name__, daemon=True) for one in samples]
    with watched_pods(chat) as pods:
        watch.trail.pods = pods.lines
        for one in threads:
            one.start()
        try:
            yield watch.trail
        except AssertionError as missed:
            raise AssertionError(f"{missed}; {watch.trail.held} pods held a GPU at most; {watch.trail}") from missed
        finally:
            watch.end()
            for one in threads:
                one.join()


def watched_pods(chat: Deployed) -> KubectlWatch:
    """Every change of an engine's pod."""
    stage = chat.stage
    words = ("pods", f"--namespace={stage.namespace}", f"--selector={OF}={chat.name},{ROLE}=engine")
    return KubectlWatch(worlds.kubectl_of(stage.door), stage.door.kubeconfig, words, POD)


def max_held(lines: Iterable[str]) -> int:
    """The most pods on a node and not ended, at one time."""
    held, most = set[str](), 0
    for line in lines:
        event, name, phase, *node = line.split()
        if node and event != "DELETED" and phase not in ENDED:
            held.add(name)
        else:
            held.discard(name)
        most = max(most, len(held))
    return most


def router_pages(chat: Deployed) -> list[Pages]:
    """Of each router by itself: a Service chooses any."""
    key, stage = chat.pages().key, chat.stage
    made: list[Pages] = []
    for number, pod in enumerate(stage.objects("pods", f"{OF}={chat.name},{ROLE}=router")):
        name = f"router-{number}"
        stage.kubectl("label", "pod", pod["metadata"]["name"], f"story={name}")
        spec = {"selector": {"story": name}, "ports": [{"port": 9090, "targetPort": "metrics"}]}
        stage.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})
        made.append(Pages(address=_exposed(stage, name), key=key))
        eventually(lambda: made[-1].get("/health")[0], "the Service leads to its router")
    assert len(made) == ROUTERS
    return made


def _exposed(stage: Stage, service: str) -> str:
    return eventually(lambda: stage.door.expose(stage.namespace, service, 9090), "a door to one router")


def _percent(router: Pages) -> int:
    status, text = router.get("/fairlead/v1/endpoints")
    share: dict[str, Any] | None = json.loads(text)["share"] if status == 200 else None
    return int(share["percent"]) if share else 0


def rollout(*steps: dict[str, Any], **canary: object) -> dict[str, Any]:
    """A canary with these steps."""
    written = {"steps": list(steps), "service": {"minRequests": 50}} | canary
    return {"strategy": "Canary", "progressDeadlineSeconds": 60, "canary": written}


def fleet(stage: Stage, *steps: dict[str, Any], **canary: object) -> Deployed:
    """Three replicas on three GPUs and no spare one."""
    chat = Deployed(stage, replicas=REPLICAS, rollout=rollout(*steps, **canary), router={"replicas": ROUTERS})
    chat.serves()
    return chat


def progress(chat: Deployed) -> str:
    return chat.observe().reason("Progressing")


def test_a_canary_is_promoted_by_a_person_without_any_client_noticing(stage: Stage, record_property: Record) -> None:
    chat = fleet(stage, {"traffic": 0, "hold": "2s"}, {"traffic": 30, "hold": "2s", "gates": ["Manual"]})
    before = chat.observe().engines
    with Traffic(chat.address()) as traffic, watched(chat) as trail:
        chat.apply(engine=engine(context=4096))
        eventually(lambda: progress(chat) == "CanaryHeld", "it waits for a person", 60)
        seen = command(stage, "rollout", "status", f"infd/{chat.name}")
        traffic.goes_on()
        command(stage, "rollout", "promote", f"infd/{chat.name}")
        after = chat.serves(90).engines
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    record_property("max_gpus", trail.held)
    record_property("fewest_routable", trail.routable)
    assert before.keys().isdisjoint(after)
    assert (trail.held, trail.routable) == (REPLICAS, REPLICAS - 1)
    assert trail.phases in (["Waiting", "Stepping", "Promoted"], ["Stepping", "Promoted"])
    assert "30 %" in seen


def test_a_faulty_canary_loses_its_users_within_a_second_and_its_gpus_afterwards(
    stage: Stage, record_property: Record
) -> None:
    chat = fleet(stage, {"traffic": 30, "hold": "0s", "gates": ["Service"]})
    before = chat.observe()
    with Traffic(chat.address()) as traffic, watched(chat) as trail:
        chat.apply(engine=FAULTY)
        eventually(lambda: trail.rejected and trail.left_at, "no router sends it anything more", 120)
        eventually(lambda: chat.observe().revisions == before.revisions, "the old replicas are back", 90)
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    assert trail.seconds_to_leave is not None
    record_property("seconds_to_share_zero", round(trail.seconds_to_leave, 2))
    record_property("max_gpus", trail.held)
    record_property("fewest_routable", trail.routable)
    assert (trail.held, trail.routable) == (REPLICAS, REPLICAS - 1)
    assert progress(chat) == "CanaryRejected"
