"""Which pods the autoscaler scrapes, engines and routers, with port and path."""

from dataclasses import dataclass, field
from typing import Final

from fairlead.engines import catalogue as engines
from fairlead.fleet.desired_state import EngineKind

ROUTER_PORT: Final = 9090
"""The routers' metrics port; never with TLS."""
ROUTER_PATH: Final = "/fairlead/v1/endpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeTarget:
    """One pod with an address."""

    uid: str
    namespace: str
    name: str
    ip: str
    kind: EngineKind | None
    """None for a router."""
    deployment: str = ""
    """For a gateway's router: the deployment to report on, as namespace/name."""
    port: int = 0
    """0 for the default port of its kind."""
    key: str | None = field(default=None, repr=False)
    """The bearer token for its page; engines need none."""

    @property
    def scraped_port(self) -> int:
        """The port to scrape."""
        return self.port or (ROUTER_PORT if self.kind is None else engines.api(self.kind).port)

    @property
    def path(self) -> str:
        """The path to scrape."""
        if self.kind is not None:
            return engines.api(self.kind).metrics_path
        return f"{ROUTER_PATH}?deployment={self.deployment}" if self.deployment else ROUTER_PATH

    @property
    def host(self) -> str:
        """Value of the Host header."""
        return f"[{self.ip}]:{self.scraped_port}" if ":" in self.ip else f"{self.ip}:{self.scraped_port}"
