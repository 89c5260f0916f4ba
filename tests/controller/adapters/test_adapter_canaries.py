"""A new version of an adapter on trial: its share in the routers' file, its gates, and user commands."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.adapters import AdapterPlace, AdapterState
from fairlead.fleet.request_samples import RequestSample
from tests.comparing.requests_of_users import Traffic
from tests.controller.adapters.adapter_world import FIRST, SECOND, SLOTS, AdapterWorld
from tests.controller.pretend import deployment
from tests.controller.quality_trials import EVALUATION, EvaluationWorld, lines, loses

OLD, NEW = "sql@aaaaaaaa", "sql@bbbbbbbb"
STEPS: Final[list[Manifest]] = [
    {"traffic": 10, "hold": "1m", "gates": ["Service"]},
    {"traffic": 50, "hold": "1m"},
]


def edition(digest: str) -> Manifest:
    """One version, whose traffic the canary sets."""
    return {"digest": digest, "source": "pvc://adapters/sql"}


class VersionWorld(EvaluationWorld, AdapterWorld):
    """An adapter whose first version serves, and a second one that was added."""

    def __init__(self, **canary: Any) -> None:  # noqa: ANN401  # any field
        super().__init__()
        self.spec = {"steps": STEPS} | canary
        self.put_adapter("sql", edition(FIRST), canary=self.spec)
        self.settle()
        self.load()
        self.turn()
        self.put_adapter("sql", edition(FIRST), edition(SECOND), canary=self.spec)
        self.settle()

    def turn(self, times: int = 1, seconds: float = 1.0) -> None:
        """The adapter and its deployment are reconciled in turn, and time passes."""
        for _ in range(times):
            self.reconcile_adapter()
            self.settle()
            self.now += timedelta(seconds=seconds)

    def begun(self) -> "VersionWorld":
        """Loaded, and on its first step."""
        self.load()
        self.turn(4)
        return self

    def order(self, verb: str) -> None:
        """Issue a command as a user would."""
        live = self.objects.held[(kinds.ADAPTER.title, "default", "sql")]
        metadata = live["metadata"] | {"annotations": {"fairlead.dev/rollout": f"{verb} {self.now.isoformat()}"}}
        self.objects.put(kinds.ADAPTER, live | {"metadata": metadata})

    def report(self, samples: list[RequestSample]) -> None:
        """Have routers report these requests, as of now."""
        began = self.now.timestamp()
        self.pod_client.samples_of = [replace(one, at=one.at + began) for one in samples]

    @property
    def shares(self) -> dict[str, int]:
        """The shares in the routers' file."""
        (named,) = self.router_file()["adapterVersions"]
        return {one["name"]: one["percent"] for one in named["versions"]}

    @property
    def canary(self) -> Manifest:
        """Its state."""
        found: Manifest = self.status().get("canary", {})
        return found


def test_a_version_gets_its_share_once_every_replica_has_it_and_no_replica_starts() -> None:
    world = VersionWorld()
    before = dict(world.engines())
    world.turn(3)
    assert world.shares == {OLD: 100, NEW: 0}
    assert world.reason("Progressing") == ("True", "CanaryWaiting")
    world.begun()
    assert world.shares == {OLD: 90, NEW: 10}
    assert world.reason("Progressing") == ("True", "CanaryRunning")
    assert world.router_file()["adapterVersions"][0]["trial"] == NEW
    assert world.engines() == before
    assert {"CanaryBegan", "CanaryStep"} <= set(world.event_sink.published)


def test_users_requests_promote_it_and_the_old_version_stays_loaded() -> None:
    world = VersionWorld().begun()
    world.report(Traffic(minutes=30).samples())
    world.turn(3, seconds=61)
    assert world.shares == {OLD: 50, NEW: 50}
    world.turn(3, seconds=61)
    assert world.shares == {OLD: 0, NEW: 100}
    assert world.reason("Progressing") == ("True", "Complete")
    assert {one.name for one in world.listed.entries} == {OLD, NEW}
    assert {page.adapter for page in world.pod_client.sampled} == {"sql"}
    world.put_adapter("sql", edition(SECOND), canary=world.spec)
    world.settle()
    assert world.shares == {NEW: 100}


def test_a_slower_version_loses_its_share_at_once_and_stays_rejected() -> None:
    world = VersionWorld().begun()
    world.report(Traffic(minutes=30, slower=(1.6, 1.0)).samples())
    world.turn(2)
    assert world.shares == {OLD: 100, NEW: 0}
    assert world.reason("Progressing") == ("False", "CanaryRejected")
    assert world.canary["message"].startswith("gate Service of step 1: first token: ")
    world.report(Traffic(minutes=30).samples())
    world.restart()
    world.turn(30, seconds=600)
    assert world.shares == {OLD: 100, NEW: 0}
    world.order("retry")
    world.turn(4)
    assert world.shares == {OLD: 90, NEW: 10}


def test_without_traffic_it_stays_and_a_person_may_promote_pause_and_abort() -> None:
    world = VersionWorld().begun()
    world.turn(30, seconds=60)
    assert world.shares == {OLD: 90, NEW: 10}
    assert world.canary["gates"][0]["reason"] == "NoTraffic"
    world.order("promote")
    world.turn(3)
    assert world.shares == {OLD: 50, NEW: 50}
    world.order("pause")
    world.turn(3, seconds=100)
    assert world.shares == {OLD: 50, NEW: 50}
    assert world.reason("Progressing") == ("Unknown", "CanaryHeld")
    world.order("abort")
    world.turn(2)
    assert world.shares == {OLD: 100, NEW: 0}


def test_an_operator_killed_at_any_point_goes_on_from_what_is_stored() -> None:
    world = VersionWorld().begun()
    world.report(Traffic(minutes=30).samples())
    for _ in range(8):
        world.restart()
        world.turn(seconds=61)
    assert world.shares == {OLD: 0, NEW: 100}


def test_a_replica_that_lost_the_new_version_does_not_stop_the_canary() -> None:
    world = VersionWorld().begun()
    pod = world.engine_pods()[0]["metadata"]["name"]
    world.pod_client.adapter_places[pod] = (AdapterPlace(name=OLD, state=AdapterState.LOADED),)
    world.turn(3)
    assert world.canary["phase"] == "Stepping"
    assert world.reason() == ("False", "AdapterLoading")


def test_a_version_that_is_removed_in_the_middle_leaves_no_word_of_a_canary() -> None:
    world = VersionWorld().begun()
    world.put_adapter("sql", edition(FIRST), canary=world.spec)
    world.settle()
    world.turn(2)
    assert world.shares == {OLD: 100}
    assert world.canary == {}
    assert "Progressing" not in {one["type"] for one in world.status()["conditions"]}


def test_a_canary_that_is_removed_from_the_spec_leaves_the_traffic_as_written() -> None:
    world = VersionWorld().begun()
    world.put_adapter("sql", edition(FIRST) | {"traffic": 30}, edition(SECOND) | {"traffic": 70})
    world.settle()
    world.turn(2)
    assert world.shares == {OLD: 30, NEW: 70}
    assert world.canary == {}
    assert world.router_file()["adapterVersions"][0]["trial"] == ""


def test_the_routers_of_a_gateway_are_queried_for_the_deployment_by_name() -> None:
    world = VersionWorld()
    world.put_gateway()
    world.apply(deployment(gateway={"name": "front"}, **SLOTS))
    world.settle()
    world.begun()
    world.turn(2)
    (target,) = world.router_file("front-gateway")["targets"]
    (named,) = target["adapterVersions"]
    assert named["trial"] == NEW
    assert {page.target for page in world.pod_client.sampled} >= {"default/chat"}


def test_a_promoted_version_stays_promoted_while_the_object_cannot_be_read() -> None:
    world = VersionWorld().begun()
    for _ in STEPS:
        world.order("promote")
        world.turn(4)
    assert world.shares == {OLD: 0, NEW: 100}
    canary = world.canary
    world.put_adapter("sql", {"digest": "nonsense"}, canary=world.spec)
    world.turn(2)
    assert world.reason("Ready") == ("False", "Unreadable")
    assert world.canary == canary
    world.put_adapter("sql", edition(FIRST), edition(SECOND), canary=world.spec)
    world.turn(4)
    assert (world.shares, world.canary["phase"]) == ({OLD: 0, NEW: 100}, "Promoted")


def judged_by(items: str, losing: float) -> VersionWorld:
    """Its questions are sent before any user reaches it."""
    quality = {"evaluation": EVALUATION.name, "margin": "4"}
    world = VersionWorld(steps=[{"traffic": 0, "hold": "0s", "gates": ["Quality"]}], quality=quality)
    world.write(items)
    world.evaluate()
    world.pod_client.answers = {NEW: loses(losing), OLD: loses(0.0)}
    world.load()
    for _ in range(60):
        world.turn()
        world.run(world.runs.advance(world.objects.held[(kinds.ADAPTER.title, "default", "sql")]["metadata"]["uid"]))
        if world.canary.get("phase") in ("Promoted", "Rejected"):
            break
    return world


def test_both_versions_answer_an_evaluation_on_the_same_replicas_before_users_see_the_new_one() -> None:
    world = judged_by(lines(150), losing=0.0)
    assert world.canary["phase"] == "Promoted"
    assert world.canary["gates"][0]["reason"] == "NotWorse"
    assert world.shares == {OLD: 0, NEW: 100}
    assert {name for name, _ in world.pod_client.sent} == {OLD, NEW}
    world.evaluate()
    run = world.objects.held[(kinds.EVALUATION.title, "default", EVALUATION.name)]["status"]["lastRun"]
    assert (run["adapter"], run["revision"], run["verdict"]) == ("sql", NEW, "Passed")
    answers = [one for (kind, _, name), one in world.objects.held.items() if kind == "configmaps" and "answers" in name]
    assert {one["metadata"]["ownerReferences"][0]["kind"] for one in answers} == {"Adapter"}


def test_a_version_that_answers_worse_is_rejected_and_no_user_saw_it() -> None:
    world = judged_by(lines(150), losing=0.3)
    assert world.canary["phase"] == "Rejected"
    assert world.shares == {OLD: 100, NEW: 0}


def test_the_pod_of_a_runner_may_connect_to_the_engines_that_have_the_adapter() -> None:
    quality = {"evaluation": EVALUATION.name, "margin": "4"}
    world = VersionWorld(steps=[{"traffic": 0, "hold": "0s", "gates": ["Quality"]}], quality=quality)
    world.write(lines(150), runner={"type": "Job", "image": "registry.example.com/program:v1"})
    world.evaluate()
    world.load()
    while not (pods := world.objects.listed("pods", None, "fairlead.dev/role=evaluation")):
        world.turn()
        world.run(world.runs.advance(world.objects.held[(kinds.ADAPTER.title, "default", "sql")]["metadata"]["uid"]))
    (pod,) = pods
    policy = world.objects.held[(kinds.NETWORK_POLICY.title, "default", "chat-engine")]
    admitted = [
        peer["podSelector"]["matchLabels"]
        for rule in policy["spec"]["ingress"]
        for peer in rule["from"]
        if "namespaceSelector" not in peer
    ]
    assert pod["metadata"]["name"] == "sql-aaaaaaaa-baseline"
    assert any(selected.items() <= pod["metadata"]["labels"].items() for selected in admitted)
