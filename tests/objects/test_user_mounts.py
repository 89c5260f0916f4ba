"""What users mount into engine pods, and that it disturbs nothing that is mounted there anyway."""

from typing import Any

from tests.objects.specs import LEAST
from tests.objects.test_engine_pods import pod


def mounted(*mounts: dict[str, Any], **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401 - of a spec
    """Volumes by name, and mounts by path, of an engine's container."""
    spec = pod(LEAST | {"storage": {"mounts": [*mounts], **more}})
    volumes = {one["name"]: one for one in spec["volumes"]}
    assert len(volumes) == len(spec["volumes"])
    return volumes, {one["mountPath"]: one for one in spec["containers"][0]["volumeMounts"]}


def test_a_config_map_and_a_key_of_a_secret_are_read_only() -> None:
    volumes, places = mounted(
        {"path": "/etc/company-ca", "configMapName": "company-ca"},
        {"path": "/opt/plugins/parser.py", "secretName": "plugins", "subPath": "parser.py"},
    )

    authority, plugin = places["/etc/company-ca"], places["/opt/plugins/parser.py"]
    assert volumes[authority["name"]]["configMap"] == {"name": "company-ca"}
    assert volumes[plugin["name"]]["secret"] == {"secretName": "plugins"}
    assert (authority["readOnly"], plugin["readOnly"]) == (True, True)
    assert plugin["subPath"] == "parser.py"


def test_a_claim_that_is_also_the_cache_is_one_volume_with_two_folders() -> None:
    volumes, places = mounted(
        {"path": "/data", "claimName": "models", "subPath": "data", "writable": True},
        cache={"claimName": "models", "subPath": "cache"},
    )

    claims = [one for one in volumes.values() if "persistentVolumeClaim" in one]
    assert [one["persistentVolumeClaim"] for one in claims] == [{"claimName": "models"}]
    assert places["/data"] == {"name": claims[0]["name"], "mountPath": "/data", "subPath": "data"}
    assert places["/cache"]["name"] == claims[0]["name"]


def test_what_an_engine_mounts_anyway_stays_as_it_is() -> None:
    plain = pod(LEAST)
    volumes, places = mounted({"path": "/own", "secretName": "s"})

    assert [one for one in plain["volumes"] if one not in volumes.values()] == []
    assert [one for one in plain["containers"][0]["volumeMounts"] if one not in places.values()] == []
