"""While a spec is refused, only a new revision's share changes in the routers' file."""

import json

import pytest

from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.objects import router_config
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner

OWNER = Owner(namespace="team", name="chat", uid="u")
NOTHING = TrafficShare(revision="b", percent=0)


def live(configuration: Manifest) -> Manifest:
    """The routers' ConfigMap."""
    return router_config.config_map(OWNER, configuration, "f" * 64)


def test_the_share_changes_and_nothing_else() -> None:
    before = router_config.with_share(live({"limit": 3}), TrafficShare(revision="b", percent=30))
    after = router_config.with_other_share(before, OWNER, NOTHING)
    assert after == router_config.with_share(live({"limit": 3}), NOTHING)
    assert after is not None
    assert router_config.with_other_share(after, OWNER, NOTHING) is None, "once it is written, nothing is left to do"


@pytest.mark.parametrize("text", ["{cut", "[]", "", "[" * 100_000])
def test_what_is_not_as_we_write_it_stays(text: str) -> None:
    assert router_config.with_other_share({"data": {router_config.FILE: text}}, OWNER, NOTHING) is None
    assert json.loads(live({})["data"][router_config.FILE])
