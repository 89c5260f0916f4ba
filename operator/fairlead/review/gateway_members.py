"""The deployments that joined a gateway, or would if they existed, as far as its models depend on them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayMembers:
    """Deployments that joined, or are concerned."""

    joined: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """The entries of the routers' file, by namespace/name in their order."""
    named_by: frozenset[str] = frozenset()
    """Deployments whose spec names the gateway, whether they joined or not."""
    present: frozenset[str] = frozenset()
    """All deployments that exist."""
    ready: Mapping[str, int] = field(default_factory=dict)
    """Ready replicas of those that joined; those of a namespace that is left out are missing."""
    waking: frozenset[str] = frozenset()
    """Those that joined and are at zero, of which a request starts a replica."""
    since: Mapping[str, str] = field(default_factory=dict)
    """When those that joined were created; those of a namespace that is left out are missing."""
    held: Mapping[str, str] = field(default_factory=dict)
    """The deployment that each name leads to in the routers' present file."""
