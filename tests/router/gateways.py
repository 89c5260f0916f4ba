"""A gateway's router in front of several deployments' engines, and the files that define them."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.router.planes import Cluster, Plane, plane

Json = dict[str, Any]


def target(name: str, *endpoints: str, models: Sequence[str] = ("chat",), **more: Any) -> Json:  # noqa: ANN401 - any JSON
    """One deployment `ns/name`."""
    return {"target": f"ns/{name}", "namespace": "ns", "endpoints": list(endpoints), "models": list(models)} | more


def single(name: str, to: str, *fallbacks: str, reasons: Sequence[str] = ("Unavailable",)) -> Json:
    """A route to one target."""
    route: Json = {"name": name, "strategy": "Single", "target": to}
    return route | ({"fallback": {"targets": list(fallbacks), "reasons": list(reasons)}} if fallbacks else {})


def weighted(name: str, **weights: int) -> Json:
    """A route by weights of deployments in `ns`, or of the API `external/big` as `big`."""
    return {
        "name": name,
        "strategy": "Weighted",
        "weighted": [
            {"target": "external/big" if one == "big" else f"ns/{one}", "weight": weight}
            for one, weight in weights.items()
        ],
    }


def written(
    folder: Path,
    targets: Sequence[Json],
    routes: Sequence[Json],
    externals: Sequence[Json] = (),
    keys: Path | None = None,
    **routing: Any,  # noqa: ANN401 - any JSON
) -> Path:
    """The file of a gateway's router."""
    document: Json = {"renderedFrom": "test", "namespace": "ns", "routing": routing}
    document |= {"targets": list(targets), "routes": list(routes), "externals": list(externals)}
    if keys is not None:
        document["tenantKeys"] = str(keys)
    path = folder / "router.json"
    fresh = folder / "router.json.new"
    fresh.write_text(json.dumps(document))
    return fresh.replace(path)


@asynccontextmanager
async def gateway(config: Path, cluster: Cluster | None = None, log: Path | None = None) -> AsyncIterator[Plane]:
    """A gateway's router, once every engine that its file lists is routable."""
    async with plane(config, cluster, log=log) as running:
        await routable(running)
        yield running


async def routable(running: Plane) -> None:
    """Wait until all engines of all targets are."""
    while not all(one["state"] == "routable" for one in await endpoints(running)):
        await asyncio.sleep(0.005)


async def endpoints(running: Plane) -> list[Json]:
    """The endpoints of all targets."""
    return [one for report in (await running.page())["targets"].values() for one in report["endpoints"]]


async def posted(
    running: Plane, body: Json, path: str = "/v1/completions", **headers: str
) -> tuple[int, dict[str, str], str]:
    """POST: status, headers and text of one answer; names of headers with `_` for `-`."""
    lines = {name.replace("_", "-"): value for name, value in headers.items()}
    async with running.session.post(running.url + path, json=body, headers=lines) as answer:
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, await answer.text()
