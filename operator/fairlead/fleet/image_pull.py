"""How the operator's own image is pulled, as the installation says."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePull:
    """How the operator's own image is pulled in this installation."""

    policy: str | None = None
    secrets: tuple[str, ...] = ()
    """Secrets with credentials, in the namespace of the pod."""


AS_USUAL: Final = ImagePull()
"""By Kubernetes' default policy, without credentials."""
