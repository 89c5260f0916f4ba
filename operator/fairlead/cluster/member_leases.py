"""How the Leases of separate autoscalers, one for each, are marked and found."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MARK: Final[Mapping[str, str]] = MappingProxyType({"app.kubernetes.io/component": "autoscaler-member"})
SELECTOR: Final = ",".join(f"{name}={value}" for name, value in MARK.items())
