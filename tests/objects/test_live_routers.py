"""What is read from a live Deployment of routers."""

import pytest

from fairlead.fleet.gateways import DeploymentRouter
from fairlead.objects import router_deployment
from fairlead.objects.manifest import Manifest
from tests.objects.specs import OWNER, PLATFORM


def test_its_image_is_the_one_that_it_was_built_with() -> None:
    live = router_deployment.manifest(OWNER, DeploymentRouter(), PLATFORM)
    assert router_deployment.image(live) == PLATFORM.image


@pytest.mark.parametrize("spec", [{}, {"containers": None}, {"containers": [{"name": "other"}]}])
def test_one_that_is_not_as_we_write_it_has_none(spec: Manifest) -> None:
    assert not router_deployment.image({"spec": {"template": {"spec": spec}}})
