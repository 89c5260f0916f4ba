"""Where weights are inside an engine's pod, and which path or address the engine opens."""

from typing import Final

from fairlead.fleet.desired_state import Adapter, DesiredRevision, ModelSource, SourceScheme, SpeculationMethod
from fairlead.fleet.engine_launch import WeightMount

MODEL: Final = "/models/model"
DRAFT: Final = "/models/draft"
ADAPTERS: Final = "/models/adapters"
STAGED: Final = "/adapters"
"""Where adapters are staged that are loaded at runtime."""
CACHE: Final = "/cache"

_MOUNTED: Final = frozenset({SourceScheme.OCI, SourceScheme.CLAIM})


def path_to_open(source: ModelSource, path: str) -> str:
    """Return what the engine opens: a folder we mount, a folder of the image, or an address it reads itself."""
    if source.scheme in _MOUNTED:
        return path
    return f"s3://{source.location}" if source.scheme is SourceScheme.S3 else source.location


def adapter_path(adapter: Adapter) -> str:
    """Return an adapter's folder, named as clients name the adapter, which is unique."""
    return f"{ADAPTERS}/{adapter.name}"


def sources(revision: DesiredRevision) -> tuple[tuple[ModelSource, str], ...]:
    """Return every source of weights, with the folder it would be mounted on."""
    speculation = revision.engine.speculation
    draft = None if speculation.method is SpeculationMethod.OFF else speculation.draft
    return (
        (revision.model.source, MODEL),
        *(((draft, DRAFT),) if draft else ()),
        *((adapter.source, adapter_path(adapter)) for adapter in revision.engine.adapters),
    )


def mounts(revision: DesiredRevision) -> tuple[WeightMount, ...]:
    """Return the sources that are mounted into the pod."""
    return tuple(
        WeightMount(source=source, path=path) for source, path in sources(revision) if source.scheme in _MOUNTED
    )


def uses_hub(revision: DesiredRevision) -> bool:
    """Return whether any source is the hub; if not, an engine allowed to reach it only waits for replies it ignores."""
    return any(source.scheme is SourceScheme.HUB for source, _ in sources(revision))
