"""Whom the autoscaler asks for figures: engine pods and router pods, by where they answer."""

from dataclasses import dataclass, field
from typing import Final

from fairlead.fleet.desired_state import EngineKind

ENGINE_PORT: Final = 8000
ROUTER_PORT: Final = 9090
"""Where routers tell of themselves; never behind a certificate."""
ENGINE_PATH: Final = "/metrics"
ROUTER_PATH: Final = "/fairlead/v1/endpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeTarget:
    """One pod with an address."""

    uid: str
    namespace: str
    name: str
    ip: str
    kind: EngineKind | None
    """Nothing: a router."""
    port: int = 0
    """0: the port that its kind answers on."""
    key: str | None = field(default=None, repr=False)
    """What opens its page; engines ask for none."""

    @property
    def door(self) -> int:
        """The port to ask."""
        return self.port or (ROUTER_PORT if self.kind is None else ENGINE_PORT)

    @property
    def path(self) -> str:
        """The page to ask for."""
        return ROUTER_PATH if self.kind is None else ENGINE_PATH

    @property
    def host(self) -> str:
        """As it stands in an address."""
        return f"[{self.ip}]:{self.door}" if ":" in self.ip else f"{self.ip}:{self.door}"
