"""A pod's labels and annotations: ours, and those that users add. Ours win, since pods are found by them."""

from collections.abc import Mapping
from typing import Final

from fairlead.api.kinds import GROUP
from fairlead.fleet.pod_metadata import PodMetadata
from fairlead.objects.manifest import Manifest

_OURS: Final = f"{GROUP}/"


def of(metadata: PodMetadata, labels: Mapping[str, str], annotations: Mapping[str, str]) -> Manifest:
    """Return the metadata of a pod's template; annotations are absent if there are none."""
    noted = {**dict(metadata.annotations), **annotations}
    return {"labels": {**dict(metadata.labels), **labels}, **({"annotations": noted} if noted else {})}


def users_annotations(template: Manifest) -> dict[str, str]:
    """Return the annotations of a template that are not ours."""
    written = template["metadata"].get("annotations") or {}
    return {name: text for name, text in written.items() if not name.startswith(_OURS)}
