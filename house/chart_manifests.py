"""The manifests for kubectl: the chart's rendering without Helm's own metadata, as a kustomize base and as one file.

Both contain the same objects as `helm template fairlead charts/fairlead -n fairlead-system`; all is generated.
"""

import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from house.tree import ROOT

CHART: Final = ROOT / "charts" / "fairlead"
NAMESPACE: Final = "fairlead-system"
INSTALL: Final = "manifests/install.yaml"
HEAD: Final = "# Written by `python -m house.chart` from charts/fairlead; changes here are lost.\n"
_LABELS: Final = frozenset({"helm.sh/chart", "app.kubernetes.io/managed-by"})
_ANNOTATIONS: Final = frozenset({"helm.sh/resource-policy"})

Manifest = dict[str, Any]


class Refused(Exception):
    """Helm rendered nothing; the message is Helm's own."""


def template(helm: Path, values: Mapping[str, Any] | None = None, more: Sequence[str] = ()) -> list[Manifest]:
    """Render the chart with these values, in Helm's order; raises `Refused` with Helm's message."""
    words = [str(helm), "template", "fairlead", str(CHART), "-n", NAMESPACE, "--skip-tests", "-f", "-", *more]
    text = yaml.safe_dump(dict(values or {}))
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr)
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def plain(one: Manifest) -> Manifest:
    """Remove the labels and annotations that only Helm reads."""
    metadata = dict(one["metadata"])
    for name, helms in (("labels", _LABELS), ("annotations", _ANNOTATIONS)):
        left = {key: value for key, value in metadata.pop(name, {}).items() if key not in helms}
        metadata |= {name: left} if left else {}
    return {**one, "metadata": metadata}


def rendered(helm: Path) -> dict[str, str]:
    """Build manifests/base and manifests/install.yaml by path."""
    return of([plain(one) for one in template(helm)])


def of(objects: Sequence[Manifest]) -> dict[str, str]:
    """The files for these objects: one for each kind, the kustomization, and one with everything."""
    kinds = list(dict.fromkeys(str(one["kind"]) for one in objects))
    files = {f"{kind.lower()}.yaml": [one for one in objects if one["kind"] == kind] for kind in kinds}
    listed = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": list(files)}
    texts = {f"manifests/base/{name}": _text(ones) for name, ones in files.items()}
    return {
        "manifests/base/kustomization.yaml": _text([listed]),
        **texts,
        INSTALL: mark() + _text(objects),
    }


def mark() -> str:
    """The first line of rendered files: it changes with the chart, so that drift shows without Helm.

    Rules and dashboards are excluded, since they are only rendered on request.
    """
    digest = hashlib.sha256()
    for path in sorted(CHART.rglob("*")):
        if path.suffix in {".yaml", ".tpl"} and path.parent != CHART / "monitoring":
            digest.update(path.relative_to(CHART).as_posix().encode() + path.read_bytes())
    return f"# Of the chart whose files have the digest {digest.hexdigest()[:12]}.\n"


def drift(install: Path) -> list[str]:
    """Return a line if the file was rendered from another chart than the current one."""
    if install.is_file() and install.read_text(encoding="utf-8").startswith(mark()):
        return []
    return [f"{INSTALL}: was rendered from another chart"]


def _text(objects: Sequence[Manifest]) -> str:
    return HEAD + yaml.safe_dump_all(objects, sort_keys=False, width=110, allow_unicode=True)
