"""Our router with everything on: tenants with keys, bands, limits, lanes, prefixes, accounts, an access log in a file.

It is the image's build: the hottest files of the data plane are machine code (`make compiled`, decision 0043). The
response cache stays off: an answer from it would cost less than one from an engine.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from bench.router_cpu import mock_engines
from bench.router_cpu.contestants import HOST, Contestant
from devcluster.cache import Cache
from devcluster.image import compiled
from fairlead import __version__
from house.tree import ROOT

TENANTS: Final = 8
PORT: Final = 8270
METRICS_PORT: Final = 9270
AMPLE: Final = 1_000_000_000
"""Limits a minute that are counted for each request and never reached."""


def keys() -> tuple[str, ...]:
    """One key per tenant."""
    return tuple(f"sk-bench-{number}-7f3a9c51d2e8" for number in range(TENANTS))


def contestant(folder: Path) -> Contestant:
    """Our router, with its files written into the folder."""
    config = folder / "router.json"
    config.write_text(json.dumps(configuration(folder), indent=1), encoding="utf-8")
    listening = ("--host", HOST, "--port", str(PORT), "--metrics-port", str(METRICS_PORT), "--linger", "0")
    log = ("--access-log", str(folder / "access.log"))
    return Contestant(
        name="fairlead",
        version=__version__,
        words=(sys.executable, "-m", "fairlead", "router", "--config", str(config), *listening, *log),
        port=PORT,
        metrics_port=METRICS_PORT,
        keys=keys(),
        environment={"PYTHONPATH": str(compiled.package(ROOT, Cache.chosen(), folder / "package"))},
    )


def configuration(folder: Path) -> dict[str, Any]:
    """The configuration as the operator renders it; one written by hand would load pydantic, which stays in memory."""
    return {
        "renderedFrom": "bench.router_cpu",
        "endpoints": list(mock_engines.ADDRESSES),
        "models": [mock_engines.MODEL],
        "maxContextTokens": 32768,
        "maxSequences": 256,
        "kvTokens": 400_000,
        "routing": {
            "tenants": [_tenant(number, key, folder) for number, key in enumerate(keys())],
            "bands": [{"name": "gold", "priority": 10}, {"name": "silver", "priority": 0}],
            "longLane": {"minPromptTokens": 16384},
            "batchLane": {"belowUtilization": 0.7},
            "limits": {"maxPromptTokens": 30_000, "maxOutputTokens": 4096, "maxQueued": 1000, "maxQueueSeconds": 30},
            "balancing": {"prefix": True, "loadBound": 1.25},
            "telemetry": {"accessLog": True},
        },
    }


def _tenant(number: int, key: str, folder: Path) -> dict[str, Any]:
    place = folder / f"tenant-{number}.key"
    place.write_text(key, encoding="utf-8")
    return {
        "name": f"tenant-{number}",
        "keyFiles": [str(place)],
        "band": "gold" if number % 2 else "silver",
        "weight": 1 + number % 3,
        "maxConcurrency": 10_000,
        "tokensPerMinute": AMPLE,
        "requestsPerMinute": AMPLE,
    }
