"""Every sample passes the strict reading and is converted, and together they show every lever."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairlead.api import adapter_conversion, deployment_conversion, gateway_conversion, policy_conversion
from fairlead.api.kinds import ADAPTER, DEPLOYMENT, EVALUATION, GATEWAY, KINDS, POLICY
from fairlead.api.object_reader import read_stored, read_strict
from fairlead.fleet.conversations import ConfigMapKey
from fairlead.fleet.desired_state import EngineKind, EngineRelease, RolloutStrategy, SpeculationMethod
from fairlead.fleet.gateways import DeploymentRouter
from fairlead.review import canaries, evaluations, unsupported_fields

FOLDER = Path(__file__).resolve().parents[2] / "manifests" / "samples"
RELEASES = {kind: EngineRelease(version="1.0.0", image="example.com/engine:v1.0.0") for kind in EngineKind}


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(FOLDER.glob("*.yaml")):
        yield from ((path.stem, document) for document in yaml.safe_load_all(path.read_text()))


def converted(document: dict[str, Any]) -> Any:  # noqa: ANN401  # whatever its kind becomes
    kind = next(kind for kind in KINDS if kind.name == document["kind"])
    reading = read_strict(document, kind)
    assert reading.problems == ()
    assert reading.value is not None
    assert read_stored(document, kind) == reading
    if kind is DEPLOYMENT:
        return deployment_conversion.deployment(reading.value, RELEASES)
    if kind is POLICY:
        return policy_conversion.policy(reading.value.spec)
    if kind is ADAPTER:
        return adapter_conversion.adapter(reading.value)
    if kind is EVALUATION:
        return evaluations.plan(reading.value.spec)
    return gateway_conversion.gateway(reading.value)


@pytest.mark.parametrize(("stem", "document"), list(samples()), ids=lambda each: each if isinstance(each, str) else "")
def test_a_sample_is_read_strictly_and_converted(stem: str, document: dict[str, Any]) -> None:
    assert converted(document) is not None, stem


def test_every_sample_says_what_it_is_for() -> None:
    assert [path.name for path in FOLDER.glob("*.yaml") if not path.read_text().startswith("# ")] == []


def test_names_of_samples_do_not_meet() -> None:
    names = [(document["kind"], document["metadata"]["name"]) for _, document in samples()]
    assert len(names) == len(set(names))


def test_together_they_show_every_lever() -> None:
    deployments = [converted(document) for _, document in samples() if document["kind"] == DEPLOYMENT.name]
    assert {one.revision.engine.speculation.method for one in deployments} == set(SpeculationMethod)
    assert {one.rollout.strategy for one in deployments} >= {RolloutStrategy.REPLACE, RolloutStrategy.SURGE}
    own = [one.router.routing for one in deployments if isinstance(one.router, DeploymentRouter)]
    assert any(one.tenants and one.bands and one.long_lane and one.batch_lane for one in own)
    assert any(one.hedging.enabled and one.telemetry.otlp_endpoint for one in own)
    assert any(one.revision.engine.sleeps for one in deployments)
    assert any(one.revision.engine.tools and one.revision.engine.reasoning for one in deployments)
    assert {type(one.revision.engine.chat_template) for one in deployments} == {str, ConfigMapKey, type(None)}
    policies = [converted(document) for _, document in samples() if document["kind"] == POLICY.name]
    assert any(one.warm_pool.ready and one.warm_pool.asleep for one in policies)
    assert any(one.switches_speculation for one in policies)
    assert any(one.cache.enabled and one.cache.redis_url for one in own)
    assert any(one.limits.shadow for one in own)


def test_no_sample_shows_what_this_release_does_not_run() -> None:
    documents = [document for _, document in samples()]
    gateways = [converted(one) for one in documents if one["kind"] == GATEWAY.name]
    assert [one.reference.name for one in gateways if list(unsupported_fields.of_gateway(one))] == []
    deployments = [converted(one) for one in documents if one["kind"] == DEPLOYMENT.name]
    assert [one.revision.name for one in deployments if [*canaries.refusals(one), *canaries.count_refusals(one)]] == []
