"""Which pods the autoscaler scrapes, engines and routers, with port and path."""

from dataclasses import dataclass, field
from typing import Final

from fairlead.engines import catalogue as engines
from fairlead.fleet.desired_state import EngineKind

ROUTER_PORT: Final = 9090
"""The routers' metrics port; never with TLS."""
ROUTER_PATH: Final = "/fairlead/v1/endpoints"

LARGEST_OF_ENGINE: Final = 2 * 2**20
"""Bytes: an engine's page has some 50,000, one of 16 data-parallel engines some 800,000."""
LARGEST_OF_ROUTER: Final = 8 * 2**20
"""Bytes: the page of a router with 2,000 engines has a million."""
EACH_ROUND_OF_ENGINE: Final = 256 * 1024
"""Bytes of a page that is scraped in every round; reading them takes this process 30 ms at most."""
EACH_ROUND_OF_ROUTER: Final = 2 * 2**20
"""The same for a router, whose page is JSON and read faster."""


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
    def largest_page(self) -> int:
        """Bytes of the largest page that is read."""
        return LARGEST_OF_ROUTER if self.kind is None else LARGEST_OF_ENGINE

    def rounds_between(self, page_bytes: int) -> float:
        """Rounds between two scrapes: a page that takes long to read is read less often, so that no pod takes the time
        of others."""
        return max(1.0, page_bytes / (EACH_ROUND_OF_ROUTER if self.kind is None else EACH_ROUND_OF_ENGINE))

    @property
    def host(self) -> str:
        """Value of the Host header."""
        return f"[{self.ip}]:{self.scraped_port}" if ":" in self.ip else f"{self.ip}:{self.scraped_port}"
