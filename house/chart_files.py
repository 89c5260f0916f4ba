"""The chart's files that follow from models: Chart.yaml, values.yaml, its schema, its page, the CRDs.

Returns texts by path; callers write or compare them.
"""

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any, Final

import yaml
from pydantic import BaseModel

import fairlead
from fairlead.api.kinds import KINDS
from house import kind_definitions
from house.chart_values import Values
from house.tree import ROOT

CHART: Final = "charts/fairlead"
PAGE: Final = "docs/reference/values.md"
HEAD: Final = "# Written by `python -m house.chart`; changes here are lost.\n"
SAMPLES: Final = ("quickstart", "scaling", "gateway", "evaluation", "adapter")
"""One example of each kind, shown with the chart."""

_DEFINITIONS: Final = f"{CHART}/templates/crds"
_PAGE_HEAD: Final = """# The chart's values

Written by `python -m house.chart` from the model in `house/chart_values.py`; changes here are lost. `helm show values
charts/fairlead` prints the same with comments. `helm install` refuses a value that is not listed here, or
has another type, before anything is sent.

| value | default | meaning |
|---|---|---|
"""


def rendered() -> dict[str, str]:
    """Build every generated file of the chart, and the page, by path."""
    return {
        f"{CHART}/Chart.yaml": HEAD + _yaml(_chart()),
        f"{CHART}/values.yaml": HEAD + "\n".join(_values(Values(), 0)),
        f"{CHART}/values.schema.json": json.dumps(schema(), indent=1) + "\n",
        PAGE: _PAGE_HEAD + "".join(_rows(Values(), "")),
    } | {f"{_DEFINITIONS}/{name}.yaml": definition(one) for name, one in kind_definitions.all_of_them().items()}


def there() -> dict[str, str]:
    """Read the existing files in the places of the generated ones."""
    named = [ROOT / CHART / name for name in ("Chart.yaml", "values.yaml", "values.schema.json")]
    paths = [*named, ROOT / PAGE, *(ROOT / _DEFINITIONS).glob("*")]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths if path.is_file()}


def version(ours: str) -> str:
    """Format a version for Helm: 0.2.0rc1 becomes 0.2.0-rc1."""
    return re.sub(r"^(\d+\.\d+\.\d+)[.-]?([a-z].*)$", r"\1-\2", ours)


def definition(one: dict[str, Any]) -> str:
    """Render a CRD as a template with the release's labels; its text is protected from Helm's template syntax."""
    spec = _yaml({"spec": one["spec"]}).replace("{{", '{{ "{{" }}')
    return (
        "{{- /* Written by `python -m house.chart`; changes here are lost. */}}\n"
        "{{- if .Values.crds.install }}\n"
        f"apiVersion: {one['apiVersion']}\nkind: {one['kind']}\nmetadata:\n  name: {one['metadata']['name']}\n"
        "  {{- if .Values.crds.keep }}\n  annotations:\n    helm.sh/resource-policy: keep\n  {{- end }}\n"
        '  labels:\n    {{- include "fairlead.labels" . | nindent 4 }}\n'
        f"{spec}{{{{- end }}}}\n"
    )


def schema() -> dict[str, Any]:
    """The schema of the values without references, so that a refusal names the path that users wrote."""
    whole = Values.model_json_schema(by_alias=True)
    plain: dict[str, Any] = _inlined(whole, whole.pop("$defs"))
    plain["properties"]["global"] = {"type": "object", "description": "Set by Helm in a chart of charts; not read."}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **plain}


def _inlined(node: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """Inline references; a property may be called `title`, while a schema's own title is dropped."""
    if "$ref" in node:
        node = named[node["$ref"].rsplit("/", 1)[1]] | {name: value for name, value in node.items() if name != "$ref"}
    return {
        name: _inlined(each, named) if isinstance(each, dict) else each
        for name, each in node.items()
        if not (name == "title" and isinstance(each, str))
    }


def _values(group: BaseModel, depth: int) -> Iterator[str]:
    """The lines of values.yaml: above each value the reason to set it."""
    for name, value, meaning in _fields(group):
        room = "  " * depth
        if not depth:
            yield ""
        yield from (f"{room}# {line}" for line in textwrap.wrap(meaning, 112 - 2 * depth))
        if isinstance(value, BaseModel):
            yield f"{room}{name}:"
            yield from _values(value, depth + 1)
        elif isinstance(value, dict) and value:
            yield f"{room}{name}:\n" + textwrap.indent(_yaml(value), room + "  ").rstrip()
        else:
            yield f"{room}{name}: {json.dumps(value)}"
    if not depth:
        yield ""


def _rows(group: BaseModel, above: str) -> Iterator[str]:
    for name, value, meaning in _fields(group):
        path = f"{above}{name}"
        if isinstance(value, BaseModel):
            yield from _rows(value, f"{path}.")
        else:
            yield f"| `{path}` | `{json.dumps(value)}` | {meaning.replace('|', '&#124;')} |\n"


def _fields(group: BaseModel) -> Iterator[tuple[str, Any, str]]:
    """Name as users write it, default, meaning; the words of a closed choice are part of its meaning."""
    described = _inlined((whole := type(group).model_json_schema(by_alias=True)), whole.get("$defs", {}))
    for field, about in type(group).model_fields.items():
        name = str(about.alias)
        choice = described["properties"][name].get("enum")
        words = f" One of {', '.join(choice)}." if choice else ""
        yield name, getattr(group, field), f"{about.description}{words}"


def _chart() -> dict[str, Any]:
    return {
        "apiVersion": "v2",
        "name": "fairlead",
        "description": "A Kubernetes operator for fleets of LLM engines: one resource in, a measured, explained, "
        "autoscaled endpoint out.",
        "type": "application",
        "version": version(fairlead.__version__),
        "appVersion": fairlead.__version__,
        "kubeVersion": ">=1.34.0-0",
        "home": "https://fairlead.dev",
        "keywords": ["llm", "inference", "vllm", "gpu", "autoscaling", "operator"],
        "maintainers": [{"name": "The Fairlead authors"}],
        "annotations": _annotations(),
    }


def _annotations() -> dict[str, str]:
    """Annotations for Artifact Hub; each value is a text, some of them YAML."""
    image = f"{Values().image.repository}:{fairlead.__version__}"
    about = [
        {
            "kind": kind.name,
            "version": "v1alpha1",
            "name": kind.crd,
            "displayName": kind.name,
            "description": kind.about,
        }
        for kind in KINDS
    ]
    return {
        "artifacthub.io/category": "ai-machine-learning",
        "artifacthub.io/license": "Apache-2.0",
        "artifacthub.io/operator": "true",
        "artifacthub.io/images": _yaml([{"name": "fairlead", "image": image}]),
        "artifacthub.io/crds": _yaml(about),
        "artifacthub.io/crdsExamples": _yaml(_examples()),
        "artifacthub.io/links": _yaml([{"name": "Documentation", "url": "https://fairlead.dev/docs"}]),
        "artifacthub.io/changes": _yaml([{"kind": "added", "description": "The first chart."}]),
    }


def _examples() -> list[dict[str, Any]]:
    """The first object of each kind in the samples that users see first."""
    texts = [(ROOT / "manifests/samples" / f"{name}.yaml").read_text(encoding="utf-8") for name in SAMPLES]
    objects = [one for text in texts for one in yaml.safe_load_all(text)]
    return [next(one for one in objects if one["kind"] == kind.name) for kind in KINDS]


class _Texts(yaml.SafeDumper):
    """Writes multi-line texts as blocks."""


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Texts.add_representer(str, _block)


def _yaml(value: object) -> str:
    """Dump without anchors: parts that are one object in memory are copied through JSON."""
    apart = json.loads(json.dumps(value))
    return yaml.dump(apart, Dumper=_Texts, sort_keys=False, width=110, allow_unicode=True)
