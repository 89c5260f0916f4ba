"""The routers' file: a router reads each key that the operator writes, and the operator writes each that one reads."""

import copy
import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final

import pytest

from fairlead.api import gateway_conversion
from fairlead.api.kinds import GATEWAY
from fairlead.fleet.adapters import AdapterShare, AdapterVersions
from fairlead.fleet.gateways import DeploymentRouter
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.objects import gateway_config, router_config, router_file
from fairlead.objects.gateway_config import RoutedDeployment
from fairlead.objects.manifest import Manifest
from fairlead.objects.router_config import ReplicaCapacity
from fairlead.objects.router_file import DeploymentEntry, FileHead, TargetEntry
from fairlead.router.config import loader
from fairlead.router.config.loader import RouterConfig, RouterConfigError
from tests.api.full_gateways import GATEWAY_SPEC
from tests.api.objects import given
from tests.objects.specs import FULL, LEAST, OWNER, wanted

ON_SGLANG: Final = LEAST | {
    "engine": {"kind": "SGLang", "lora": {"slots": 4, "maxRank": 32, "claimName": "adapters"}},
    "router": FULL["router"],
}
REPLICA: Final = ReplicaCapacity(
    revision="0a1b2c3d",
    max_context_tokens=4096,
    max_sequences=32,
    kv_tokens=1000,
    first_token_seconds=1.5,
    price_per_hour=2.1,
)
SHARE: Final = TrafficShare(revision="0a1b2c3d", percent=5, step=1)
SQL: Final = AdapterVersions(
    name="sql",
    versions=(AdapterShare(name="sql@1", percent=90), AdapterShare(name="sql@2", percent=10)),
    trial="sql@2",
    step=1,
)
Path = tuple[str | int, ...]


def entry(target: Manifest) -> Manifest:
    """A deployment's part, with all that is added to it later."""
    return router_config.target_with_share(router_config.target_with_adapters(target, (SQL,)), SHARE)


def in_the_config_map(configuration: Manifest) -> dict[str, Any]:
    return dict(json.loads(router_config.config_map(OWNER, configuration, "1e" * 32)["data"][router_config.FILE]))


def of_a_deployment(spec: dict[str, Any]) -> dict[str, Any]:
    deployment = wanted(spec)
    assert isinstance(deployment.router, DeploymentRouter)
    return in_the_config_map(entry(router_config.document(deployment.revision, deployment.router, REPLICA)))


def of_a_gateway() -> dict[str, Any]:
    gateway = gateway_conversion.gateway(given(GATEWAY_SPEC, GATEWAY))
    target = entry(gateway_config.target(RoutedDeployment(revision=wanted(ON_SGLANG).revision, replica=REPLICA)))
    return in_the_config_map(gateway_config.document(gateway, [target | {"leaving": True}], gateway.routes.routes))


FILES: Final = {
    "vLLM": of_a_deployment(FULL),
    "SGLang": of_a_deployment(ON_SGLANG),
    "gateway": of_a_gateway(),
}


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401 - any value of the file
    """Every path in the file that holds a value, but for old names, which are there for older routers."""
    old = router_file.OLD_ROUTING_KEYS.values()
    if isinstance(value, dict) and value:
        for key in value:
            if path != ("routing",) or key not in old:
                yield from leaves(value[key], (*path, key))
    elif isinstance(value, list) and value:
        for number, each in enumerate(value):
            yield from leaves(each, (*path, number))
    else:
        yield path


def changed(document: dict[str, Any], path: Path) -> dict[str, Any]:
    """The file with another value at one place."""
    found = copy.deepcopy(document)
    place: Any = found
    for step in path[:-1]:
        place = place[step]
    match before := place[path[-1]]:
        case bool():
            place[path[-1]] = not before
        case int() | float():
            place[path[-1]] = before + 1
        case str():
            place[path[-1]] = f"1{before}"
        case _:
            place[path[-1]] = {"another": 0}
    return found


def read(document: dict[str, Any]) -> RouterConfig | str:
    """What a router makes of the file, or why it refuses it."""
    try:
        return loader.read(json.dumps(document))
    except RouterConfigError as problem:
        return str(problem)


def keys(kind: type[Any]) -> set[str]:
    return {router_file.camel(one.name) for one in fields(kind)}


@pytest.mark.parametrize("name", FILES)
def test_a_router_reads_every_value_that_the_operator_writes(name: str) -> None:
    document = FILES[name]
    before = read(document)
    assert isinstance(before, RouterConfig)
    assert [path for path in leaves(document) if read(changed(document, path)) == before] == []


def unset(kind: type[Any], *found: object) -> set[str]:
    """Fields of this kind that have their default in all of these values."""
    return {one.name for one in fields(kind) if all(getattr(each, one.name) == one.default for each in found)}


def test_the_operator_sets_every_key_that_a_router_reads_but_the_engines_of_a_person() -> None:
    configurations = [loader.read(json.dumps(one)) for one in FILES.values()]
    (target,) = configurations[-1].targets
    assert unset(FileHead, *configurations) == set()
    assert unset(DeploymentEntry, *configurations) == {"endpoints"}
    assert unset(TargetEntry, target, configurations[0].served[0]) == {"endpoints"}


def test_the_operator_writes_no_key_that_has_no_field() -> None:
    own = keys(FileHead) | keys(DeploymentEntry) | {router_file.ROUTING, router_file.METRICS_KEYS}
    lists = {router_file.TARGETS, router_file.EXTERNALS, router_file.ROUTES}
    gateway = FILES["gateway"]
    assert (set(FILES["vLLM"]) | set(FILES["SGLang"])) - own == set()
    assert set(gateway) - keys(FileHead) == {router_file.ROUTING, router_file.METRICS_KEYS} | lists
    assert set(gateway["targets"][0]) - keys(TargetEntry) == set()
