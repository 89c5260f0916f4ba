"""Dashboards against Grafana's own types: each is read whole, and contains nothing unknown to them.

No registry at hand has Grafana itself; its foundation SDK is generated from the schema that Grafana saves by.
"""

import json
from typing import Any

import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from house.tree import ROOT
from monitoring import files

NAMES = [one.name for one in files.BOARDS]


def written_again(document: dict[str, Any]) -> dict[str, Any]:
    """What is left of it once Grafana's types have read it."""
    plugins.register_default_plugins()
    text = JSONEncoder(sort_keys=True).encode(Dashboard.from_json(document))
    return dict(json.loads(text))


def lost(held: object, again: object, where: str = "") -> list[str]:
    """What the second one lacks of the first, or has with another value; what it adds is a default."""
    if isinstance(held, dict) and isinstance(again, dict):
        return [
            line
            for key, value in held.items()
            for line in ([f"{where}/{key}"] if key not in again else lost(value, again[key], f"{where}/{key}"))
        ]
    if isinstance(held, list) and isinstance(again, list) and len(held) == len(again):
        return [line for at, pair in enumerate(zip(held, again, strict=True)) for line in lost(*pair, f"{where}/{at}")]
    return [] if held == again else [f"{where}: {held} is {again}"]


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_has_nothing_that_grafana_does_not_know(name: str) -> None:
    document = json.loads((ROOT / "dashboards" / f"{name}.json").read_text(encoding="utf-8"))
    assert lost(document, written_again(document)) == []


def test_a_field_of_another_name_and_a_panel_without_its_type_are_noticed() -> None:
    document = json.loads((ROOT / "dashboards" / "service.json").read_text(encoding="utf-8"))
    assert lost(document | {"titel": "x"}, written_again(document | {"titel": "x"})) == ["/titel"]
    first = {**document["panels"][1], "fieldConfig": {"defaults": {"unitt": "s"}, "overrides": []}}
    strange = document | {"panels": [first]}
    assert lost(strange, written_again(strange)) == ["/panels/0/fieldConfig/defaults/unitt"]
