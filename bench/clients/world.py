"""What the clients use: two engines behind one router with tenants, and an engine for embeddings behind another."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.clients import servers
from bench.clients.servers import Server

KEY: Final = "sk-client-5b1f0e"
NARROW_KEY: Final = "sk-narrow-77a2c9"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All servers, and what clients get."""

    servers: tuple[Server, ...]
    engines: tuple[str, ...]
    url: str
    embedding_url: str

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables of the clients' programs."""
        return {
            "FAIRLEAD_URL": self.url,
            "FAIRLEAD_EMBEDDING_URL": self.embedding_url,
            "FAIRLEAD_KEY": KEY,
            "FAIRLEAD_NARROW_KEY": NARROW_KEY,
            "FAIRLEAD_ENGINES": ",".join(self.engines),
        }


def laid_out(folder: Path) -> World:
    """Write the routers' files."""
    engines = (servers.engine(8291), servers.engine(8292))
    embedding = servers.engine(8293, pooling=True)
    tenants = [tenant("client", KEY, folder), tenant("narrow", NARROW_KEY, folder) | {"requestsPerMinute": 1}]
    chat = _config(folder / "router.json", engines, {"models": [servers.MODEL], "routing": {"tenants": tenants}})
    vectors = _config(folder / "embedding.json", (embedding,), {"models": ["embedding"]})
    routers = (servers.router(8275, chat), servers.router(8276, vectors))
    return World(
        servers=(*engines, embedding, *routers),
        engines=tuple(one.url for one in engines),
        url=routers[0].url,
        embedding_url=routers[1].url,
    )


def tenant(name: str, key: str, folder: Path) -> dict[str, Any]:
    place = folder / f"{name}.key"
    place.write_text(key, encoding="utf-8")
    return {"name": name, "keys": [{"file": str(place)}]}


def _config(path: Path, engines: tuple[Server, ...], document: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"endpoints": [one.address for one in engines]} | document), encoding="utf-8")
    return path
