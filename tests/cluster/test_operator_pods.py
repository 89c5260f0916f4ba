"""Which pods are taken for the operator's: any pod can have its labels, and only its own namespace is trusted."""

from collections.abc import Iterable

import pytest

from fairlead.cluster.api_errors import RequestRefused
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.kinds import POD
from fairlead.cluster.operator_pods import DECIDERS, OperatorPods, PodPlace, UnlistedPods
from tests.cluster.fake_api import FakeApi, Fault
from tests.cluster.worlds import run

LABELS = {"app.kubernetes.io/name": "fairlead", "app.kubernetes.io/component": "operator"}


def cluster(*namespaces: str) -> FakeApi:
    """A cluster with two pods of these labels in each of the namespaces."""
    fake = FakeApi()
    for namespace in namespaces:
        for name in ("fairlead-1", "fairlead-0"):
            fake.put(POD, {"metadata": {"namespace": namespace, "name": name, "labels": LABELS}})
    return fake


async def found(fake: FakeApi, named: str | None = None) -> Iterable[PodPlace] | UnlistedPods:
    """The places of the pods that decide, for a user who names the operator's namespace or does not."""
    async with fake.connected() as connection:
        return await OperatorPods(api=ApiServer(connection), named=named).deciders()


def both(namespace: str) -> list[PodPlace]:
    return [(namespace, "fairlead-0"), (namespace, "fairlead-1")]


def test_pods_of_its_own_namespace_decide_whatever_labels_others_have() -> None:
    async def story() -> None:
        assert await found(cluster("aaa", "fairlead-system")) == both("fairlead-system")
        assert await found(cluster("aaa", "fairlead-system", "ops"), "ops") == both("ops")

    run(story())


def test_only_where_its_usual_namespace_has_none_are_others_taken_and_never_for_a_named_one() -> None:
    async def story() -> None:
        assert await found(cluster("ops", "aaa")) == [*both("aaa"), *both("ops")]
        assert await found(cluster("ops"), "elsewhere") == []

    run(story())


def test_a_token_goes_to_no_pod_of_another_namespace() -> None:
    async def story() -> None:
        fake = cluster("aaa")
        async with fake.connected() as connection:
            pods = OperatorPods(api=ApiServer(connection), named=None)
            assert (pods.trusted_namespace, await pods.trusted(DECIDERS)) == ("fairlead-system", [])
            named = OperatorPods(api=ApiServer(connection), named="aaa")
            listed = await named.trusted(DECIDERS)
            assert not isinstance(listed, UnlistedPods)
            assert [one["metadata"]["namespace"] for one in listed] == ["aaa", "aaa"]

    run(story())


def test_without_the_right_to_list_its_own_pods_none_are_sought_elsewhere() -> None:
    async def story() -> None:
        fake = cluster("fairlead-system", "aaa")
        fake.granted_in[("list", POD.title)] = "aaa"
        refused = await found(fake)
        assert isinstance(refused, UnlistedPods)
        assert refused.refusal.startswith("pods is forbidden: ")

    run(story())


def test_without_the_right_to_list_all_pods_there_are_none() -> None:
    async def story() -> None:
        fake = cluster("ops")
        fake.granted_in[("list", POD.title)] = "fairlead-system"
        assert await found(fake) == []

    run(story())


def test_any_other_refusal_of_that_list_is_an_error() -> None:
    async def story() -> None:
        fake = cluster("ops")
        fake.faults.append((lambda one: one.namespace is None, Fault(code=422)))
        with pytest.raises(RequestRefused):
            await found(fake)

    run(story())
