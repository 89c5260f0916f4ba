"""While a spec is refused, only shares change in the routers' file: of a new revision, and of adapters' versions."""

import json
from dataclasses import replace

import pytest

from fairlead.fleet.adapters import AdapterShare, AdapterVersions
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
    after = router_config.renewed(before, OWNER, NOTHING, ())
    assert after == router_config.with_share(live({"limit": 3}), NOTHING)
    assert after is not None
    assert router_config.renewed(after, OWNER, NOTHING, ()) is None, "once it is written, nothing is left to do"


@pytest.mark.parametrize("text", ["{cut", "[]", "", "[" * 100_000])
def test_what_is_not_as_we_write_it_stays(text: str) -> None:
    assert router_config.renewed({"data": {router_config.FILE: text}}, OWNER, NOTHING, ()) is None
    assert json.loads(live({})["data"][router_config.FILE])


def of_sql(*versions: tuple[str, int]) -> AdapterVersions:
    """An adapter with the shares of its versions."""
    return AdapterVersions(name="sql", versions=tuple(AdapterShare(name=name, percent=part) for name, part in versions))


def with_versions(*adapters: AdapterVersions) -> Manifest:
    """The routers' ConfigMap with these adapters."""
    return router_config.with_adapters(live({"models": ["chat"]}), adapters)


def test_versions_that_routers_have_get_their_shares_and_none_is_added() -> None:
    before = with_versions(of_sql(("a", 90), ("b", 10)), replace(of_sql(("l", 100)), name="law"))
    rejected = [of_sql(("a", 100), ("b", 0)), replace(of_sql(("n", 100)), name="new")]
    after = router_config.renewed(before, OWNER, None, rejected)
    assert after == with_versions(rejected[0], replace(of_sql(("l", 100)), name="law"))
    assert router_config.renewed(before, OWNER, None, [of_sql(("a", 40), ("c", 60))]) is None
    assert router_config.renewed(before, OWNER, None, [of_sql(("a", 90), ("b", 10), ("c", 0))]) is None


def test_a_version_is_added_where_engines_get_their_list() -> None:
    entry = router_config.target_with_adapters({"models": ["chat"]}, [of_sql(("a", 100))])
    both, new = of_sql(("a", 40), ("c", 60)), replace(of_sql(("n", 100)), name="new")
    after = router_config.target_with_shares(entry, [both, new], adds=True)
    assert after == router_config.target_with_adapters({"models": ["chat"]}, [both])


@pytest.mark.parametrize("written", [None, "sql", [1], [{"name": "sql"}], [{"name": "sql", "versions": ["a"]}]])
def test_adapters_that_are_not_as_we_write_them_stay(written: object) -> None:
    entry = {"adapterVersions": written}
    assert router_config.target_with_shares(entry, [of_sql(("a", 100))]) == entry
