"""Where an evaluation's items are: a key of a ConfigMap, or a file that only a pod can read."""

from dataclasses import dataclass

from fairlead.fleet.conversations import ConfigMapKey
from fairlead.fleet.desired_state import SecretKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFile:
    """A file in a volume."""

    claim: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFile:
    """A file in an OCI image, which the node's container runtime pulls."""

    reference: str
    path: str
    pull_secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """A file in a model or dataset repository of a hub."""

    repository: str
    """Path as in the hub's URLs: `organisation/model`, or `datasets/organisation/name`."""
    path: str
    revision: str
    endpoint: str
    token: SecretKey | None = None


ItemSource = ConfigMapKey | ClaimFile | ImageFile | HubFile
