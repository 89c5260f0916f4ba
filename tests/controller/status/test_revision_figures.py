"""What a status says that replicas cost, and how the conversations are divided between revisions."""

from dataclasses import replace
from typing import Any, Final

import pytest

from fairlead.api import deployment_conversion, object_reader
from fairlead.api.kinds import DEPLOYMENT
from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.status import replica_prices
from fairlead.fleet.desired_state import DesiredRevision
from fairlead.objects import labels
from fairlead.review.context import ReviewContext
from tests.controller.pretend import CATALOGUE, Pretend, deployment
from tests.controller.test_canaries import reach
from tests.controller.trials import TrialWorld
from tests.planning.states import revision

CONTEXT: Final = ReviewContext(catalogue=CATALOGUE)
L4: Final = CATALOGUE.accelerators["NVIDIA-L4"].price_an_hour or 0.0
H100: Final = CATALOGUE.accelerators["NVIDIA-H100-80GB-HBM3"].price_an_hour or 0.0


def wanted(**spec: Any) -> DesiredRevision:  # noqa: ANN401 - any field
    """The revision of a spec."""
    found = object_reader.read_stored(deployment(**spec), DEPLOYMENT).value
    assert found is not None
    return deployment_conversion.deployment(found, CONTEXT.releases).revision


def engine(selector: dict[str, str], limits: dict[str, str]) -> Manifest:
    """The Deployment of revision a."""
    pod: dict[str, Any] = {"nodeSelector": selector, "containers": [{"resources": {"limits": limits}}]}
    return {
        "metadata": {"labels": {labels.REVISION: "a"}},
        "spec": {"selector": {"matchLabels": {labels.REVISION: "a"}}, "template": {"spec": pod}},
    }


def weights(world: Pretend) -> dict[str, int | None]:
    """Percent of the conversations, by revision."""
    return {one["hash"]: one.get("weight") for one in world.document()["status"]["revisions"]}


@pytest.mark.parametrize(
    "edit",
    [{"parallelism": {"tensor": 3}}, {"accelerator": {"product": "NVIDIA-H100-80GB-HBM3"}}],
    ids=["refused", "no such GPU"],
)
def test_replicas_cost_what_their_own_gpus_cost_though_the_spec_names_others(edit: dict[str, Any]) -> None:
    world = Pretend()
    world.apply(deployment())
    world.settle()
    cost = world.document()["status"]["cost"]
    assert float(cost["perHour"]) == pytest.approx(2 * L4, abs=0.01)
    world.apply(deployment(**edit))
    world.settle()
    assert world.document()["status"]["cost"] == cost


NVIDIA: Final = "nvidia.com/gpu.product"


@pytest.mark.parametrize(
    ("selector", "limits", "price"),
    [
        ({NVIDIA: "NVIDIA-L4"}, {"nvidia.com/gpu": "2", "cpu": "4"}, 2 * L4),
        ({NVIDIA: "NVIDIA-H100-80GB-HBM3"}, {"nvidia.com/gpu": "4"}, 4 * H100),
        ({NVIDIA: "NVIDIA-L4"}, {}, L4),
        ({NVIDIA: "NVIDIA-H100-80GB-HBM3"}, {}, None),
        ({NVIDIA: "Future-X2"}, {"nvidia.com/gpu": "1"}, None),
        ({}, {"cpu": "8"}, None),
    ],
    ids=["as wanted", "another GPU", "without a resource", "another without a resource", "unknown", "cores"],
)
def test_a_revision_is_priced_by_its_deployment(
    selector: dict[str, str], limits: dict[str, str], price: float | None
) -> None:
    expected = {} if price is None else {"a": price}
    assert replica_prices.by_revision([engine(selector, limits)], wanted(), CONTEXT) == pytest.approx(expected)


def test_a_part_of_a_gpu_costs_what_its_own_description_says_and_not_what_the_whole_does() -> None:
    whole = CATALOGUE.accelerators["NVIDIA-L4"]
    parts = {name: replace(whole, product=name, price_an_hour=0.1) for name in ("NVIDIA-L4-SHARED", "NVIDIA-L4-MIG-1g")}
    described = ReviewContext(catalogue=replace(CATALOGUE, accelerators={**CATALOGUE.accelerators, **parts}))
    real = {"engine": {"kind": "vLLM"}}
    shared = wanted(placement={"nodeSelector": {NVIDIA: "NVIDIA-L4-SHARED"}}, **real)
    live = engine({NVIDIA: "NVIDIA-L4-SHARED"}, {"nvidia.com/gpu": "1"})
    assert replica_prices.by_revision([live], shared, described) == {"a": 0.1}
    assert replica_prices.by_revision([live], None, described) == {"a": 0.1}
    assert replica_prices.by_revision([live], shared, CONTEXT) == {}

    sliced = engine({NVIDIA: "NVIDIA-L4"}, {"nvidia.com/mig-1g": "2"})
    slices = wanted(accelerator={"product": "NVIDIA-L4", "resource": "nvidia.com/mig-1g"}, **real)
    for spec in (wanted(**real), slices, None):
        assert replica_prices.by_revision([sliced], spec, described) == {"a": 0.2}
        assert replica_prices.by_revision([sliced], spec, CONTEXT) == {}


def test_two_gpus_at_once_are_added_up_and_one_without_a_price_leaves_the_sum_unknown() -> None:
    old, new = revision("a", ready=2), revision("b", ready=1)
    assert replica_prices.per_hour([old, new], {"a": 1.0, "b": 5.0}) == 7.0
    assert replica_prices.per_hour([old, new], {"a": 1.0}) is None
    assert replica_prices.per_hour([old, replace(new, replicas=())], {"a": 1.0}) == 2.0
    assert replica_prices.per_hour([replace(new, replicas=())], {"b": 5.0}) == 0.0
    assert replica_prices.per_hour([], {"a": 1.0}) is None


def test_a_spec_that_can_no_longer_be_read_keeps_the_address_and_the_figures_in_the_status() -> None:
    world = Pretend()
    world.apply(deployment())
    world.settle()
    before = world.document()
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, before | {"spec": before["spec"] | {"replicas": "many"}})
    world.settle()
    assert world.condition("Accepted") == ("False", "Unreadable")
    after = world.document()["status"]
    assert after["endpoint"] == "http://chat-router.default.svc/v1"
    assert {name: after[name] for name in ("cost", "fit")} == {name: before["status"][name] for name in ("cost", "fit")}


def test_a_canarys_share_is_the_weight_of_both_revisions_and_one_that_serves_alone_has_all() -> None:
    world = reach(TrialWorld(), 5)
    world.rounds(1)
    new = world.canary["revision"]
    assert weights(world) == {world.old: 95, new: 5}
    world.revert()
    world.settle()
    assert weights(world) == {world.old: 100}


def test_revisions_that_replace_each_other_without_a_canary_have_no_weight_meanwhile() -> None:
    world = Pretend()
    world.apply(deployment(replicas=4))
    world.settle()
    world.apply(deployment(replicas=4, context=4096))
    seen: list[list[int | None]] = []
    for _ in range(20):
        world.rounds(1)
        seen.append(list(weights(world).values()))
    assert [None, None] in seen
    assert set(seen[-1]) == {0, 100}, "the replaced one is kept without replicas"
