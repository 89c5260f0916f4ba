"""Two releases of Fairlead that serve one namespace: both say so, and one that follows another says nothing."""

from dataclasses import replace

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.children.other_releases import OtherReleases
from fairlead.controller.reconcile import Reconciler, ReconcileSettings
from fairlead.objects import children, network_policies
from fairlead.review.context import ReviewContext
from tests.controller.pretend import CATALOGUE, PLATFORM, Pretend, deployment
from tests.objects.specs import LEAST, OWNER, wanted


def settled() -> Pretend:
    """One settled deployment of the release in fairlead-system."""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    return world


def release_in(world: Pretend, namespace: str) -> Pretend:
    """Another release on the same cluster."""
    other = world.second_operator()
    installation = replace(PLATFORM, operator_namespace=namespace)
    other.operator = Reconciler(
        ReconcileSettings(context=ReviewContext(catalogue=CATALOGUE), installation=installation), other.environment
    )
    return other


def put_back(world: Pretend) -> list[str]:
    """The Events about what somebody else wrote."""
    return [one for one in world.event_sink.published if one.startswith("PutBack")]


def test_each_of_two_releases_that_serve_a_namespace_names_the_other_s_namespace() -> None:
    first = settled()
    second = release_in(first, "team-ops")
    second.reconcile_now()
    assert put_back(second) == [], "the first may be gone: whoever follows takes over"
    first.reconcile_now()
    second.reconcile_now()
    for world, other in ((first, "team-ops"), (second, "fairlead-system")):
        found = put_back(world)
        assert len(found) == 2, "the policies of engines and of routers"
        assert found[0].startswith("PutBack NetworkPolicy chat-")
        assert all(f"was written again by the Fairlead in namespace {other}: " in one for one in found)
        assert all(one.endswith("set watchNamespaces so that only one of them does") for one in found)


def test_a_release_that_moved_to_another_namespace_takes_over_without_an_event() -> None:
    moved = release_in(settled(), "team-ops")
    moved.settle()
    assert put_back(moved) == []
    live = moved.objects.found((kinds.NETWORK_POLICY.title, "default", "chat-router"))
    assert network_policies.operator_namespace(live) == "team-ops"


def test_another_operator_of_the_same_release_is_no_other_release() -> None:
    world = settled()
    standby = world.second_operator()
    standby.settle()
    world.settle()
    assert put_back(world) == put_back(standby) == []


def policies(namespace: str) -> list[Manifest]:
    """A deployment's policies for the operator in a namespace, as the API server returns them."""
    installation = replace(PLATFORM, operator_namespace=namespace, monitoring=(("name", "monitoring"),))
    built = children.all_children(OWNER, wanted(LEAST), installation)
    found = [one for one in built if one["kind"] == "NetworkPolicy"]
    return [one | {"metadata": one["metadata"] | {"uid": one["metadata"]["name"]}} for one in found]


def test_a_policy_is_compared_only_after_this_process_wrote_it_and_no_more_once_it_is_gone() -> None:
    releases, (ours, *_), (theirs, *_) = OtherReleases(), policies("ops"), policies("team-ops")
    assert releases.note(ours, theirs) == ""
    releases.wrote({"kind": "Service", "metadata": {"uid": "s"}})
    releases.wrote(ours)
    assert "in namespace team-ops: " in releases.note(ours, theirs)
    assert releases.note(ours, ours) == releases.note(ours, {**theirs, "spec": {}}) == ""
    releases.forget(ours["metadata"]["uid"])
    assert releases.note(ours, theirs) == ""
