"""A pod shows which kind of engine it runs and on which port, whichever release created it."""

from dataclasses import replace
from typing import Any, Final

import pytest

from fairlead.engines.catalogue import ENGINES
from fairlead.fleet.desired_state import EngineKind
from fairlead.objects import pod_engine
from fairlead.objects.manifest import Manifest
from fairlead.objects.pod_engine import PodEngine
from tests.api.full_specs import ON_CPU
from tests.objects.specs import FULL, LEAST, OWNER, template, wanted

UNKNOWN: Final = PodEngine()
ROLE: Final = {"fairlead.dev/role": "engine"}


def of_kind(kind: EngineKind, spec: dict[str, Any] = LEAST) -> Manifest:
    """The pod template of a deployment of this kind."""
    found = wanted(spec)
    engine = replace(found.revision.engine, kind=kind)
    return template(replace(found, revision=replace(found.revision, engine=engine)))


def pod(*containers: Manifest, labels: dict[str, str] | None = None) -> Manifest:
    """A pod with these containers."""
    return {"metadata": {"name": "e", "labels": ROLE if labels is None else labels}, "spec": {"containers": containers}}


def engine(*words: str, port: int = 8000) -> Manifest:
    """The container of an engine, as every release has built it."""
    return {"name": "engine", "command": list(words), "ports": [{"name": "http", "containerPort": port}]}


@pytest.mark.parametrize("kind", EngineKind)
def test_the_pod_of_every_kind_shows_it_and_its_port(kind: EngineKind) -> None:
    assert pod_engine.of(of_kind(kind)) == PodEngine(kind, ENGINES[kind].api.port)


def test_so_do_pods_with_everything_that_a_spec_can_add_and_pods_on_cpu() -> None:
    assert pod_engine.of(template(wanted(FULL))) == PodEngine(wanted(FULL).revision.engine.kind, 8000)
    assert pod_engine.of(of_kind(EngineKind.VLLM, ON_CPU)) == PodEngine(EngineKind.VLLM, 8000)
    assert pod_engine.of(of_kind(EngineKind.SGLANG, ON_CPU)) == PodEngine(EngineKind.SGLANG, 30000)


def test_a_container_that_others_inject_into_the_pod_is_not_its_engine() -> None:
    mesh = {"name": "istio-proxy", "args": ["proxy"], "ports": [{"name": "http-envoy-prom", "containerPort": 15090}]}

    assert pod_engine.of(pod(mesh, engine("sglang", "serve", port=30000))) == PodEngine(EngineKind.SGLANG, 30000)


def test_a_kind_of_a_newer_release_is_unknown_and_its_port_is_not() -> None:
    assert pod_engine.of(pod(engine("newer", "serve", port=9000))) == PodEngine(None, 9000)
    assert pod_engine.of(pod(engine("engine", "--product", "NVIDIA-L4"))) == PodEngine(None, 8000)
    assert pod_engine.of(pod({"name": "engine"})) == UNKNOWN


@pytest.mark.parametrize(
    "other",
    [
        {"metadata": {"uid": "10.0.0.1"}},
        {"metadata": {"labels": ROLE}},
        pod({"name": "engine"}, labels={"app": "vllm"}),
        pod(engine("vllm", "serve"), labels={}),
        pod({"name": "router", "ports": [{"name": "http", "containerPort": 8080}]}, labels=OWNER.router_selector),
        pod({"name": "main"}),
    ],
)
def test_a_pod_that_is_no_engine_of_ours_shows_nothing(other: Manifest) -> None:
    assert pod_engine.of(other) == UNKNOWN
