"""The operator's key in the routers' configuration, for an operator that has not read it yet."""

import json

import pytest

from fairlead.objects import router_config
from fairlead.objects.manifest import Manifest
from tests.objects.specs import OWNER

MADE = router_config.config_map(OWNER, {"routers": 2}, None)


def live(text: str) -> Manifest:
    """The ConfigMap with another file."""
    return MADE | {"data": {router_config.FILE: text}}


def document(config_map: Manifest) -> Manifest:
    """The configuration in it."""
    return dict(json.loads(config_map["data"][router_config.FILE]))


def test_the_key_is_kept_and_nothing_else_of_the_live_configuration() -> None:
    digest = "0f" * 32
    kept = router_config.with_kept_key(MADE, live(json.dumps({"routers": 9, "metricsKeys": [digest, "no digest", 7]})))
    assert document(kept) == document(MADE) | {"metricsKeys": [digest]}
    assert router_config.with_kept_key(kept, live(json.dumps({"metricsKeys": ["1e" * 32]}))) == kept


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", "{}", '{"metricsKeys": 7}', '{"metricsKeys": []}', "[" * 100_000]
)
def test_a_live_configuration_without_a_readable_key_changes_nothing(text: str) -> None:
    assert router_config.with_kept_key(MADE, live(text)) == MADE
    assert router_config.with_kept_key(MADE, {"metadata": {}}) == MADE
    assert router_config.with_kept_key(MADE, None) == MADE
