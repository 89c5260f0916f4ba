"""Who owns the objects that the operator creates for itself: its own Deployment, where it exists and may be read."""

import pytest

from fairlead.cluster import own_deployment
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.kinds import DEPLOYMENT, Manifest
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import run


def found(fake: FakeApi, name: str) -> Manifest | None:
    """The owner, looked up once."""
    answers: list[Manifest | None] = []

    async def story() -> None:
        async with fake.connected() as connection:
            answers.append(await own_deployment.deployment(ApiServer(connection), "ops", name)())

    run(story())
    return answers[0]


@pytest.mark.trial(8)
def test_the_deployment_that_runs_the_process_owns_what_it_makes(caplog: pytest.LogCaptureFixture) -> None:
    fake = FakeApi()
    assert found(fake, "fairlead") is None, "it runs beside the cluster, on somebody's machine"
    fake.put(DEPLOYMENT, {"metadata": {"name": "fairlead", "namespace": "ops"}})
    uid = fake.objects.held[(DEPLOYMENT.title, "ops", "fairlead")]["metadata"]["uid"]
    assert found(fake, "fairlead") == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "fairlead", "uid": uid}
    assert found(fake, "") is None
    fake.forbidden.add(("get", DEPLOYMENT.title))
    assert found(fake, "fairlead") is None
    assert "so what this process creates stays after an uninstall: get deployments.apps ops/fairlead" in caplog.text
