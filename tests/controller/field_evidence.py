"""The effect of every field of the kinds, found by changing it: used and where, refused, or warned of.

No list of fields is kept here. Leaves come from the committed definitions; an InferenceDeployment is reconciled with
and without the field, the autoscaler's reads of a policy are recorded, and refusals are the reviewer's own.
"""

import ast
import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic.alias_generators import to_snake

from fairlead.api import deployment_conversion
from fairlead.api.kinds import ADAPTER, DEPLOYMENT, EVALUATION, GATEWAY, POLICY, Kind
from fairlead.api.object_reader import read_stored
from fairlead.api.read_problems import ReadReason
from fairlead.cluster.kinds import Manifest
from fairlead.engines.catalogue import releases
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.findings import SpecFinding
from fairlead.fleet.gateways import DeploymentRouter, DesiredGateway
from fairlead.objects import applied_hash, gateway_children, gateway_config, http_routes
from fairlead.objects.owner import Owner
from fairlead.review import admission
from fairlead.review.context import ReviewContext
from fairlead.review.result import AdmissionReason
from tests.api import full_gateways, full_specs
from tests.api.full_evaluations import EVALUATION_SPECS
from tests.api.objects import written
from tests.api.test_every_field_is_live import decided, leaves, leaves_of, named, others, words
from tests.controller import adapter_evidence, policy_reads, test_every_field
from tests.controller.evidence import Evidence, Outcome
from tests.controller.pretend import PLATFORM
from tests.controller.reads import Attribute, differences
from tests.controller.test_every_field import begun, changed, repaired, rolled, state
from tests.review.table import CONTEXT

ROOMS: Final = Path(__file__).resolve().parents[2] / "operator" / "fairlead"
ROUTING: Final = ("routing", "router")
SHARED: Final = ("fleet/token_issuer.py",)
"""Modules that routers and admission share."""
EVALUATING: Final = ("evaluating", "comparing", "controller/evaluations")
WORKING: Final = ("objects/evaluation_pods.py", "objects/runner_pods.py")
"""The pods that do an evaluation's work."""
PARSER: Final = "router/config"
"""Parses the routers' file into values; the code that acts on them is elsewhere."""
TRUSTING: Final = ReviewContext(catalogue=CONTEXT.catalogue)
UNBUILT: Final = frozenset({AdmissionReason.NOT_AVAILABLE, AdmissionReason.NOT_ENFORCED})
MOST: Final = 4
"""Modules that a row names."""
CONFIGURATION: Final = "the routers' configuration"
CHILDREN: Final = (
    (r"deployments.apps/.*-router$", "router pods"),
    (r"deployments.apps/(?!.*-router$)", "engine pods"),
    (r"daemonsets", "the DaemonSet that holds images"),
    (r"configmaps/.*-router$", CONFIGURATION),
    (r"services/", "the routers' Service"),
    (r"httproutes", "the HTTPRoute"),
    (r"networkpolicies", "network policies"),
    (r"poddisruptionbudgets", "disruption budgets"),
    (r"status$", "status"),
)
"""The children in a world, and what users call them."""
GIVEN: Final = {
    "Deployment": "router pods",
    "Service": "the routers' Service",
    "ConfigMap": "the routers' configuration",
    "HTTPRoute": "the HTTPRoute",
}
"""What a gateway's routers get."""


def everything() -> tuple[Evidence, ...]:
    """All leaves of all kinds, in order."""
    return (
        *(of_deployment(leaf) for leaf in sorted(test_every_field.leaves())),
        *(of_policy(leaf) for leaf in sorted(leaves_of(POLICY))),
        *(of_gateway(leaf) for leaf in sorted(leaves_of(GATEWAY))),
        *(of_evaluation(leaf) for leaf in sorted(leaves_of(EVALUATION))),
        *(of_adapter(leaf) for leaf in sorted(leaves_of(ADAPTER))),
    )


def of_deployment(leaf: str) -> Evidence:
    """What another value of this leaf changes among the children of a spec."""
    before, after = changed(leaf)
    if pair := _reviewed(after, leaf):
        return Evidence(kind=DEPLOYMENT.name, leaf=leaf, outcome=pair[0], where=pair[1])
    seen = {"rollout": _rollout, "repair": _repair}.get(leaf.partition(".")[0])
    where = seen(before, after) if seen is not None else _changed_children(leaf, before, after)
    if where:
        return Evidence(kind=DEPLOYMENT.name, leaf=leaf, outcome=Outcome.USED, where=where)
    warnings = [one for one in admission.review(after, TRUSTING).warnings if _covers(one.field, leaf)]
    outcome = Outcome.WARNED if warnings else Outcome.IGNORED
    return Evidence(kind=DEPLOYMENT.name, leaf=leaf, outcome=outcome, where=_sentence(warnings[0]) if warnings else "")


def of_policy(leaf: str) -> Evidence:
    """Which modules read what this leaf becomes, while an autoscaler decides."""
    document = written(full_specs.POLICY_SPEC, kind=POLICY, name="full")
    if pair := _reviewed(document, leaf):
        return Evidence(kind=POLICY.name, leaf=leaf, outcome=pair[0], where=pair[1])
    read = sorted(
        {
            module
            for one in _attributes(POLICY, full_specs.POLICY_SPEC, tuple(_steps(leaf)))
            for module in _policy_readers().get(one, ())
        }
    )
    outcome = Outcome.USED if read else Outcome.IGNORED
    return Evidence(kind=POLICY.name, leaf=leaf, outcome=outcome, where=f"read by {', '.join(read)}" if read else "")


def of_gateway(leaf: str) -> Evidence:
    """What another value of this leaf changes for routers; else the message about it."""
    review = admission.review(written(full_gateways.GATEWAY_SPEC, kind=GATEWAY, name="full"), TRUSTING)
    for one in review.refusals:
        if one.reason is AdmissionReason.NOT_AVAILABLE and _names(one.field, leaf):
            return Evidence(kind=GATEWAY.name, leaf=leaf, outcome=Outcome.REFUSED, where=_sentence(one))
    for warning in review.warnings:
        if warning.reason in UNBUILT and _names(warning.field, leaf):
            return Evidence(kind=GATEWAY.name, leaf=leaf, outcome=Outcome.WARNED, where=_sentence(warning))
    where = _changed_routers(leaf)
    outcome = Outcome.USED if where else Outcome.IGNORED
    return Evidence(kind=GATEWAY.name, leaf=leaf, outcome=outcome, where=where)


def of_evaluation(leaf: str) -> Evidence:
    """Which modules read what this leaf becomes, while items are read, sent and scored."""
    spec = next(one for one in EVALUATION_SPECS if leaf in {named(path) for path in leaves(one)})
    (path, *_) = (path for path in leaves(spec) if named(path) == leaf)
    found = {name for _, name in _attributes(EVALUATION, spec, path)}
    read = sorted({module for one in found for module in _readers_in(EVALUATING, WORKING).get(one, {})})
    outcome = Outcome.USED if read else Outcome.IGNORED
    where = f"read by {', '.join(read[:MOST])}" if read else ""
    return Evidence(kind=EVALUATION.name, leaf=leaf, outcome=outcome, where=where)


def of_adapter(leaf: str) -> Evidence:
    """What another value of this leaf changes for loaders and routers."""
    found = adapter_evidence.places(leaf.replace(".[]", ""))
    outcome = Outcome.USED if found else Outcome.IGNORED
    return Evidence(kind=ADAPTER.name, leaf=leaf, outcome=outcome, where=", ".join(found))


def _names(field: str, leaf: str) -> bool:
    """Leaves of a gateway are named without positions in lists."""
    named = re.sub(r"\[\d+\]", "", field).removeprefix("spec.")
    return f"{leaf}.".startswith(f"{named}.")


def _changed_routers(leaf: str) -> str:
    """Which children of a gateway differ with another value, or who may join it."""
    spec = full_gateways.GATEWAY_BY_OLD_NAMES if leaf.startswith("door.") else full_gateways.GATEWAY_SPEC
    (path, *_) = [path for path in leaves(spec) if named(path) == leaf or f"{named(path)}.".startswith(f"{leaf}.")]
    value: Any = spec
    for step in path:
        value = value[step]
    before = decided(GATEWAY, spec)
    for other in others(value, words(GATEWAY, path)):
        after = decided(GATEWAY, full_specs.with_value(spec, path, other))
        if after not in (None, before):
            return _differing(before, after)
    return ""


def _differing(before: DesiredGateway, after: DesiredGateway) -> str:
    old, new = ({one["kind"]: one for one in _routers_of(each)} for each in (before, after))
    found = [label for kind, label in GIVEN.items() if old[kind] != new[kind]]
    return ", ".join(found) or ("which deployments may join" if before != after else "")


def _routers_of(gateway: DesiredGateway) -> tuple[Manifest, ...]:
    owner = Owner(namespace="team", name="full", uid="u", kind=GATEWAY.name)
    configuration = gateway_config.document(gateway, [], gateway.routes.routes)
    route = http_routes.manifest(owner, DeploymentRouter(routing=gateway.routing, pods=gateway.pods))
    assert route is not None
    return *gateway_children.all_children(owner, gateway, configuration, PLATFORM), route


def _reviewed(document: Any, leaf: str) -> tuple[Outcome, str] | None:  # noqa: ANN401  # an object as written
    """The reviewer's message on this leaf, because this release does not act on it or because it contradicts."""
    review = admission.review(document, TRUSTING)
    for one in review.refusals:
        if one.reason is AdmissionReason.NOT_AVAILABLE:
            return Outcome.REFUSED, _sentence(one)
        if one.reason is ReadReason.CONTRADICTION and _covers(one.field, leaf):
            return Outcome.CHECKED, _sentence(one)
    for warning in review.warnings:
        if warning.reason in UNBUILT and (warning.field == "kind" or _covers(warning.field, leaf)):
            return Outcome.WARNED, _sentence(warning)
    return None


def _covers(field: str, leaf: str) -> bool:
    named = re.sub(r"\[\d+\]", ".[]", field).removeprefix("spec.")
    return f"{leaf}.".startswith(f"{named}.")


def _sentence(finding: SpecFinding) -> str:
    return f"{finding.because}; {finding.remedy}"


def _changed_children(leaf: str, before: Any, after: Any) -> str:  # noqa: ANN401  # objects as written
    """Which children or messages differ; of what only routers get, which router modules read it."""
    old, new = (_plain(state(begun(json.dumps(one)))) for one in (before, after))
    names = [name for name in (*old, *new) if old.get(name) != new.get(name)]
    found = [label for pattern, label in CHILDREN if any(re.match(pattern, name) for name in names)]
    sent_to_routers = CONFIGURATION in found and leaf.startswith("router.")
    if sent_to_routers and "router pods" not in found:
        readers = _readers(leaf, before, after)
        return f"{CONFIGURATION}, read by {', '.join(readers[:MOST])}" if readers else ""
    return ", ".join(one for one in found if sent_to_routers or one != CONFIGURATION)


def _plain(found: Manifest) -> Manifest:
    """The object without names of revisions and our stamps: every change of the engine's part changes those."""
    text = json.dumps(found, sort_keys=True)
    for one in sorted({str(each["hash"]) for each in found["status"]["revisions"]}):
        text = text.replace(one, "REVISION")
    return dict(json.loads(re.sub(rf'"{applied_hash.APPLIED}": "\\w+"', '""', text)))


def _rollout(before: Any, after: Any) -> str:  # noqa: ANN401  # objects as written
    rules = [json.dumps(one["spec"].get("rollout", {})) for one in (before, after)]
    return "the steps of a rollout" if rolled(rules[0]) != rolled(rules[1]) else ""


def _repair(before: Any, after: Any) -> str:  # noqa: ANN401  # objects as written
    rules = [json.dumps(one["spec"].get("repair", {})) for one in (before, after)]
    return "engine pods that are deleted" if repaired(rules[0]) != repaired(rules[1]) else ""


def _readers(leaf: str, before: Any, after: Any) -> list[str]:  # noqa: ANN401  # objects as written
    """Modules of a router that read an attribute of that name and mention its group."""
    readings = [read_stored(one, DEPLOYMENT).value for one in (before, after)]
    old, new = (deployment_conversion.deployment(one, releases()) for one in readings if one is not None)
    found = differences(old, new)
    if found and all(owner == SecretKey.__name__ for owner, _ in found):
        return [PARSER.replace("/", ".")]
    group = to_snake([step for step in leaf.split(".") if step != "[]"][-2]).removesuffix("s")
    every = {module: text for _, name in found for module, text in _routing_readers().get(name, {}).items()}
    return sorted(module for module, text in every.items() if group in text) or sorted(every)


def _attributes(kind: Kind[Any], spec: dict[str, Any], path: tuple[str | int, ...]) -> Iterable[Attribute]:
    """What of the converted policy or evaluation differs with another value at this path."""
    value: Any = spec
    for step in path:
        value = value[step]
    before = decided(kind, spec)
    for other in others(value, words(kind, path)):
        after = decided(kind, full_specs.with_value(spec, path, other))
        if after not in (None, before):
            return differences(before, after)
    return ()


def _steps(leaf: str) -> Iterable[str | int]:
    """The path of a leaf; lists of a full spec have one element each."""
    for step in leaf.split("."):
        yield step
        if step == "schedules":
            yield 0


@cache
def _policy_readers() -> dict[Attribute, set[str]]:
    return policy_reads.readers()


def _routing_readers() -> dict[str, dict[str, str]]:
    """Attributes that modules of a router read; the parser of its file does not count."""
    return _readers_in(ROUTING, SHARED)


@cache
def _readers_in(rooms: tuple[str, ...], beside: tuple[str, ...] = ()) -> dict[str, dict[str, str]]:
    """Attributes that modules of these packages read, by name, with the modules' source."""
    found: dict[str, dict[str, str]] = {}
    paths = (path for room in rooms for path in sorted((ROOMS / room).rglob("*.py")))
    for path in (*paths, *map(ROOMS.joinpath, beside)):
        where = path.relative_to(ROOMS).with_suffix("").as_posix()
        if where.startswith(PARSER):
            continue
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found.setdefault(node.attr, {})[where.replace("/", ".")] = text.lower()
    return found
