"""Objects as users write them and as they are parsed, for the tests of this folder."""

from typing import Any

from fairlead.api import deployment_conversion
from fairlead.api.kinds import API_VERSION, DEPLOYMENT, Kind
from fairlead.api.object_reader import ParsedObject, read_strict
from fairlead.fleet.desired_state import EngineKind, EngineRelease
from fairlead.fleet.gateways import DesiredDeployment
from tests.api.bad import LEAST

RELEASES = {kind: EngineRelease(version="0.32.0", image="example.com/vllm:v0.32.0") for kind in EngineKind}


def written(spec: object = LEAST, kind: Kind[Any] = DEPLOYMENT, name: str = "chat") -> dict[str, Any]:
    """An object of this kind with this spec."""
    metadata = {"name": name, "namespace": "team", "generation": 7}
    return {"apiVersion": API_VERSION, "kind": kind.name, "metadata": metadata, "spec": spec}


def given(spec: dict[str, Any], kind: Kind[Any]) -> ParsedObject[Any]:
    """Parse a valid spec."""
    reading = read_strict(written(spec, kind=kind), kind)
    assert reading.problems == ()
    assert reading.value is not None
    return reading.value


def deployment(**spec: Any) -> DesiredDeployment:  # noqa: ANN401  # fields of a spec
    """The minimal deployment with other fields, converted."""
    return deployment_conversion.deployment(given(LEAST | spec, DEPLOYMENT), RELEASES)
