"""What the clients send through a gateway: aliases of three deployments at one address, a key for each tenant.

The model that clients call `chat` has another name at its engines, and where they fail another deployment answers.
"""

import json
from pathlib import Path
from typing import Any, Final

from bench.clients import servers
from bench.clients.servers import Server
from bench.clients.world import KEY, NARROW_KEY, World, tenant

MODEL: Final = "chat-7b"
REASONS: Final = ("Unavailable", "QueueFull", "Timeout", "EngineError")


def laid_out(folder: Path) -> World:
    """Write the router's file."""
    engines = tuple(servers.engine(port, model=MODEL) for port in (8294, 8295))
    spare, embedding = servers.engine(8296, model="spare"), servers.engine(8297, pooling=True)
    tenants = [
        tenant("client", KEY, folder),
        tenant("narrow", NARROW_KEY, folder) | {"requestsPerMinute": 1},
        tenant("other", "sk-other-0c31d8", folder) | {"models": ["papers"]},
    ]
    for one in tenants:
        one["keyFiles"] = [key["file"] for key in one.pop("keys")]
    document = {
        "renderedFrom": "bench",
        "namespace": "team",
        "targets": [
            _target("chat", MODEL, *engines),
            _target("spare", "spare", spare),
            _target("embedding", "embedding", embedding),
        ],
        "routes": [
            _route("chat", "chat") | {"onInvalid": "Retry"},
            _route("embedding", "embedding"),
            _route("papers", "spare"),
        ],
        "routing": {"tenants": tenants},
    }
    path = folder / "gateway.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    router = servers.router(8277, path)
    return World(
        servers=(*engines, spare, embedding, router),
        engines=tuple(one.url for one in engines),
        url=router.url,
        embedding_url=router.url,
    )


def _target(name: str, model: str, *engines: Server) -> dict[str, Any]:
    endpoints = [one.address for one in engines]
    return {
        "target": f"team/{name}",
        "namespace": "team",
        "endpoints": endpoints,
        "models": [model],
        "maxContextTokens": 8192,
        "pricePerHour": "2.50",
    }


def _route(name: str, target: str) -> dict[str, Any]:
    route: dict[str, Any] = {"name": name, "strategy": "Single", "target": f"team/{target}"}
    return route | ({"fallback": {"targets": ["team/spare"], "reasons": REASONS}} if target == "chat" else {})
