"""Whether each mounted adapter can have the folder that its name gives it: none can be made in another one's. Pure."""

from collections.abc import Iterator

from fairlead.engines import weight_paths
from fairlead.fleet.desired_state import DesiredRevision
from fairlead.fleet.findings import SpecRefusal
from fairlead.review.result import AdmissionReason


def refusals(revision: DesiredRevision) -> Iterator[SpecRefusal]:
    """Refuse an adapter inside another one: both are mounted read-only, so no container could start."""
    mounted = {one.path for one in weight_paths.mounts(revision)}
    for index, adapter in enumerate(revision.engine.adapters):
        path = weight_paths.adapter_path(adapter)
        around = next((one for one in sorted(mounted) if path.startswith(f"{one.rstrip('/')}/") and one != path), None)
        if path in mounted and around is not None:
            yield SpecRefusal(
                field=f"spec.engine.adapters[{index}].name",
                value=adapter.name,
                reason=AdmissionReason.FOLDER_TAKEN,
                because=f"it is mounted as {path}, inside of {around}, which is mounted read-only",
                remedy="write another name, for instance with - in place of /",
            )
