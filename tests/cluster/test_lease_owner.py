"""One namespace holds one release: its pods share a Lease, whatever their version, and no other release takes it."""

import asyncio

import pytest

from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.kinds import LEASE, Manifest
from fairlead.cluster.lease import Leadership, LeaseSettings, OtherRelease, hold
from tests.cluster.fake_api import FakeApi
from tests.cluster.test_lease import STEADY, holder, place
from tests.cluster.worlds import DICE, run


def of_release(release: str, identity: str) -> LeaseSettings:
    """A candidate in a Deployment of this name, created anew for each process."""

    async def owner() -> Manifest:
        return {"apiVersion": "apps/v1", "kind": "Deployment", "name": release, "uid": f"uid-for-{identity}"}

    return LeaseSettings(namespace="fairlead", name="operator", identity=identity, owner=owner, deployment=release)


def test_a_second_release_in_the_namespace_ends_and_names_the_first_even_if_nothing_leads() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            api = ApiServer(connection)
            second = Leadership(api, of_release("b", "b-0"), DICE, STEADY)
            async with hold(Leadership(api, of_release("a", "a-0"), DICE, STEADY)):
                with pytest.raises(OtherRelease):
                    await second.acquire()
            with pytest.raises(OtherRelease) as refused:
                await second.acquire()
        assert (holder(fake), second.may_write()) == ("", False)
        assert str(refused.value) == (
            "the Lease fairlead/operator belongs to Deployment a, not to b: a namespace holds one release of "
            "Fairlead; install this one into a namespace of its own"
        )

    run(story())


@pytest.mark.parametrize("release", ["a", ""])
def test_pods_of_one_release_share_its_lease_across_versions_and_reinstallations(release: str) -> None:
    """Without a name nothing is certain, as when a person runs the operator from a shell."""

    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            api = ApiServer(connection)
            for before, after in (
                (place("old"), of_release("a", "new")),
                (of_release("a", "x"), of_release(release, "y")),
            ):
                async with hold(Leadership(api, before, DICE, STEADY)):
                    waiting = asyncio.create_task(Leadership(api, after, DICE, STEADY).acquire())
                    await asyncio.sleep(0.05)
                    assert not waiting.done()
                await waiting
                assert holder(fake) == after.identity
                fake.remove(LEASE, "fairlead", "operator")

    run(story())


def test_a_leader_whose_lease_became_that_of_another_release_has_lost_it() -> None:
    """A person deleted it, and the other release was first to create it again."""

    async def story() -> None:
        fake, theirs = FakeApi(), of_release("b", "b-0")
        async with fake.connected() as connection:
            async with hold(Leadership(ApiServer(connection), of_release("a", "a-0"), DICE, STEADY)) as leader:
                held = fake.objects.held[LEASE.title, "fairlead", "operator"]
                metadata = held["metadata"] | {"ownerReferences": [await theirs.owner()]}
                fake.put(LEASE, held | {"metadata": metadata, "spec": held["spec"] | {"holderIdentity": "b-0"}})
                await leader.lost.wait()
            assert (leader.may_write(), holder(fake)) == (False, "b-0")

    run(story())
