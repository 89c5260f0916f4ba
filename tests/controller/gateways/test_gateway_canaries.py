"""A canary of a deployment behind a gateway: the gateway's routers split its traffic, and report the results."""

from dataclasses import replace
from typing import Any

from fairlead.cluster import kinds
from fairlead.fleet.request_samples import RequestSample
from tests.comparing.requests_of_users import Traffic
from tests.controller.gateways.gateway_world import GatewayWorld
from tests.controller.trials import NO_SPARE


class SharedTrialWorld(GatewayWorld):
    """Three replicas serve behind the gateway, and another context is requested."""

    def __init__(self) -> None:
        super().__init__(gpus=3)
        self.put_gateway()
        self.join(replicas=3, rollout=NO_SPARE)
        self.settle()
        (self.old,) = self.engines()

    def change(self) -> None:
        """Change the spec to another context."""
        self.join(replicas=3, context=4096, rollout=NO_SPARE)

    def report(self, samples: list[RequestSample]) -> None:
        """Have routers report these requests, as of now."""
        began = self.now.timestamp()
        self.pod_client.samples_of = [replace(one, at=one.at + began) for one in samples]

    def order(self, verb: str) -> None:
        """Issue a command as a user would, while an edit is refused."""
        live = self.document()
        metadata = live["metadata"] | {"annotations": {"fairlead.dev/rollout": f"{verb} {self.now.isoformat()}"}}
        spec = live["spec"] | {"parallelism": {"tensor": 3}}
        self.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"metadata": metadata, "spec": spec})

    @property
    def canary(self) -> dict[str, Any]:
        """Its state."""
        return dict(self.document()["status"].get("canary") or {})

    @property
    def percent(self) -> int | None:
        """The share that the gateway's routers get."""
        (target,) = self.configuration()["targets"]
        share = target.get("share")
        return None if share is None else int(share["percent"])

    def until_percent(self, wanted: int) -> None:
        """Run until routers get this share."""
        for _ in range(40):
            self.rounds()
            assert len(self.serving()) >= 2
            if self.percent == wanted:
                return
        raise AssertionError(f"never: {self.canary}, {self.percent}")


def test_no_replica_of_the_new_revision_starts_before_the_gateways_routers_know_of_it() -> None:
    world = SharedTrialWorld()
    world.pod_client.lagging = True
    world.change()
    for _ in range(5):
        world.rounds()
        assert world.serving_of(4096) == frozenset()
        assert sum(world.engines().values()) == 3
    assert world.canary["phase"] == "Waiting"
    assert "the gateway's routers do not have it yet" in world.message("Progressing")
    world.pod_client.lagging = False
    for _ in range(8):
        world.rounds()
        assert world.percent == 0
        if world.serving_of(4096):
            break
    assert len(world.serving_of(4096)) == 1


def test_users_requests_at_the_gateway_promote_it() -> None:
    world = SharedTrialWorld()
    world.change()
    world.until_percent(5)
    world.report(Traffic(minutes=30).samples())
    world.rounds(2)
    world.report([])
    world.until_percent(50)
    assert {page.target for page in world.pod_client.sampled} == {"default/chat"}
    world.rounds(1)
    world.report(Traffic(minutes=30, seed=2).samples())
    for _ in range(20):
        world.rounds()
        if world.canary["phase"] == "Promoted":
            break
    world.settle()
    assert world.percent is None
    assert len(world.serving_of(4096)) == 3


def test_a_slower_one_loses_its_share_at_the_gateway_first_and_then_its_replicas() -> None:
    world = SharedTrialWorld()
    world.change()
    world.until_percent(5)
    world.report(Traffic(minutes=30, slower=(1.6, 1.0)).samples())
    world.pod_client.lagging = True
    world.rounds(1)
    assert world.canary["phase"] == "Stepping", "routers that lag report no requests of this share"
    world.pod_client.lagging = False
    world.until_percent(0)
    assert world.canary["phase"] == "Rejected"
    world.settle()
    assert set(world.engines().values()) <= {0, 3}
    assert world.serving_of(4096) == frozenset()
    world.restart()
    world.rounds(30)
    assert world.serving_of(4096) == frozenset()


def test_a_gateway_follows_each_canary_step_when_the_deployments_status_is_written() -> None:
    world = SharedTrialWorld()
    world.change()
    world.until_percent(5)
    world.pod_client.samples_of = []
    live = world.document()
    words = f"promote {world.now.isoformat()}"
    metadata = live["metadata"] | {"annotations": {"fairlead.dev/rollout": words}}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"metadata": metadata})
    world.until_percent(50)


def test_a_canary_that_is_aborted_while_an_edit_is_refused_gets_no_traffic_of_the_gateway() -> None:
    world = SharedTrialWorld()
    world.change()
    world.until_percent(5)
    world.order("abort")
    world.rounds(3)
    assert world.condition("Accepted") == ("False", "Refused")
    assert (world.canary["phase"], world.percent) == ("Rejected", 0)
