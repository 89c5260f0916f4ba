"""A gateway's file with many models fits into its ConfigMap for as long as can be, and says so before it does not."""

import json

from fairlead.objects import router_config
from fairlead.objects.manifest import Manifest
from tests.objects.specs import OWNER


def config_map(entries: int) -> Manifest:
    """The routers' ConfigMap with this many targets."""
    targets = [{"target": f"team/model-{place:05}", "models": [f"model-{place:05}"]} for place in range(entries)]
    return router_config.config_map(OWNER, {"targets": targets}, None)


def text(of: Manifest) -> str:
    """The file in it."""
    return str(of["data"][router_config.FILE])


def test_a_file_of_usual_size_is_indented_for_people() -> None:
    assert '\n  "targets": [\n' in text(config_map(10))


def test_a_large_file_has_no_spaces_and_says_the_same() -> None:
    large = text(config_map(10_000))
    assert large.count("\n") == 1
    assert json.loads(large)["targets"][-1]["models"] == ["model-09999"]
    assert len(large) < 0.6 * len(json.dumps(json.loads(large), indent=2))


def test_a_share_or_a_count_in_a_large_file_leaves_it_without_spaces() -> None:
    large = config_map(10_000) | {"data": {router_config.FILE: text(config_map(10_000))[:-2] + ',"routers":2}\n'}}
    assert text(router_config.with_router_count(large, 3)).count("\n") == 1


def test_a_file_that_nearly_fills_its_config_map_is_warned_of() -> None:
    service = {"kind": "Service"}
    assert router_config.crowding([service, config_map(10_000)]) == ()
    (warning,) = router_config.crowding([service, config_map(16_000)])
    assert warning.startswith("the routers' file has 859 KiB, and a ConfigMap holds 1024 KiB: beyond that no change")
