"""Generates docs/reference/api.md from the models of the CRDs: all that `kubectl explain` shows, on one page."""

from collections.abc import Iterator
from typing import Any, Final

from fairlead.api.api_model import ApiModel
from fairlead.api.kinds import API_VERSION, KINDS, Kind
from house import structural_schema

PAGE: Final = "docs/reference/api.md"

HEAD: Final = f"""# The objects, field by field

Written by `python -m house.crds` from the models in `operator/fairlead/api`; changes here are lost. `kubectl explain
infd.spec` shows the same text. Every object is `{API_VERSION}` and namespaced; an asterisk marks required
fields. Examples of each lever are in `manifests/samples/`.

- **What sets the replica count.** Either `spec.replicas` (you, `kubectl scale`, an HPA, KEDA) or `spec.scaling`
  (Fairlead's autoscaler), never both. With an HPA or KEDA, leave `replicas` out of the files that you apply again, and
  run `kubectl scale infd NAME --replicas=1` once: the API server cannot show a scale for an object without a count.
- **Formats.** Durations are `60ms`, `1.5s`, `5m`, `1h30m`; quantities `2Gi`, `2G`; shares, factors and money are
  decimals in quotes, `"0.80"`. Fields that also exist in a Deployment, a Pod or a HorizontalPodAutoscaler keep their
  names and types, so `progressDeadlineSeconds` is a number.
- **What is refused.** Unknown fields, misspellings and contradictions between two fields are refused when you apply,
  all at once, each as `field: value: why; what to do`. What can only be checked in the cluster becomes a condition.
- **Absent and default.** A field that is `null` is absent. The definitions contain a default only if it will not change
  with a release or a GPU; Fairlead fills in the others, which are described below.
"""


def text() -> str:
    """Build the whole page."""
    return "\n".join([HEAD, *(line for kind in KINDS for line in _kind(kind))])


def _kind(kind: Kind[Any]) -> Iterator[str]:
    yield f"## {kind.name} (`{kind.short}`)\n"
    yield f"{kind.about}\n"
    yield from _table("spec", kind.spec)
    yield from _table("status", kind.status)


def _table(root: str, part: type[ApiModel]) -> Iterator[str]:
    yield f"| {root} | type | meaning |\n|---|---|---|"
    yield from (_row(path, node, needed) for path, node, needed in _fields(structural_schema.of(part), f"{root}."))
    yield ""


def _fields(node: dict[str, Any], above: str) -> Iterator[tuple[str, dict[str, Any], bool]]:
    for name, field in node.get("properties", {}).items():
        path = f"{above}{name}"
        yield path, field, name in node.get("required", ())
        below = field["items"] if field.get("type") == "array" else field
        yield from _fields(below, f"{path}[]." if below is not field else f"{path}.")


def _row(path: str, node: dict[str, Any], needed: bool) -> str:
    meaning = str(node["description"]).replace("|", "\\|").replace("<", "&lt;")
    return f"| `{path.split('.', 1)[1]}`{' *' if needed else ''} | {_type(node)} | {meaning} |"


def _type(node: dict[str, Any]) -> str:
    if "enum" in node:
        return "one of " + ", ".join(f"`{word}`" for word in node["enum"])
    if "x-kubernetes-int-or-string" in node:
        return "quantity"
    if node["type"] == "integer" and "minimum" in node:
        most = f" to {node['maximum']}" if "maximum" in node else " or more"
        return f"integer, {node['minimum']}{most}"
    return f"list of {node['items']['type']}, at most {node['maxItems']}" if node["type"] == "array" else node["type"]
