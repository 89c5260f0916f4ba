"""Fake servers on this machine: an engine that loads adapters as vLLM does, a hub and a registry."""

import asyncio
import base64
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from fairlead.adapting.adapter_files import FILES


@asynccontextmanager
async def served(*routes: web.RouteDef) -> AsyncIterator[str]:
    """Serve these routes; yields host and port."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@dataclass
class PretendedEngine:
    """A fake engine with the statuses of vLLM 0.32."""

    loaded: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    lists_after: float = 0.0
    """Seconds that its list takes."""
    refuses: str = ""
    """The text of its answer to every load, with 500."""
    requests: list[str] = field(default_factory=list)
    """Loads and unloads, in order."""

    def restart(self) -> None:
        """Forget what was loaded."""
        self.loaded.clear()

    def routes(self) -> tuple[web.RouteDef, ...]:
        """The routes of vLLM."""
        return (
            web.get("/v1/models", self._list),
            web.post("/v1/load_lora_adapter", self._load),
            web.post("/v1/unload_lora_adapter", self._unload),
        )

    async def _list(self, _: web.Request) -> web.Response:
        await asyncio.sleep(self.lists_after)
        if self.silent:
            return web.Response(status=503)
        return web.json_response({"data": [{"id": name} for name in ("base", *self.loaded)]})

    async def _load(self, request: web.Request) -> web.Response:
        body: dict[str, str] = await request.json()
        name, path = body["lora_name"], body["lora_path"]
        self.requests.append(f"load {name}")
        if self.refuses:
            return web.Response(status=500, text=self.refuses)
        if name in self.loaded:
            return web.Response(status=400, text="already loaded")
        if not all((Path(path) / file).is_file() and (Path(path) / file).stat().st_size for file in FILES):
            return web.Response(status=404, text="no such adapter")
        self.loaded[name] = path
        return web.Response(text="Success")

    async def _unload(self, request: web.Request) -> web.Response:
        body: dict[str, str] = await request.json()
        self.requests.append(f"unload {body['lora_name']}")
        found = self.loaded.pop(body["lora_name"], None)
        return web.Response(status=200 if found else 404)


@dataclass
class PretendedHub:
    """Files of repositories, behind a token where there is one."""

    files: dict[str, bytes]
    """By `organisation/adapter/revision/name`."""
    token: str = ""
    seen: list[str] = field(default_factory=list)

    def routes(self) -> tuple[web.RouteDef, ...]:
        """The routes of the hub."""
        return (web.get("/{owner}/{name}/resolve/{revision}/{file}", self._resolve),)

    async def _resolve(self, request: web.Request) -> web.Response:
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401)
        found = self.files.get("/".join(request.match_info[key] for key in ("owner", "name", "revision", "file")))
        self.seen.append(request.path)
        return web.Response(status=404) if found is None else web.Response(body=found)


@dataclass
class PretendedRegistry:
    """Blobs and manifests of one repository; with a user it requires a token, issued for a user's name and password."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    user: str = ""
    """user:password"""
    address: str = ""
    lies: bool = False
    """Its blobs do not match their digests."""
    short_tokens: bool = False
    """A token ends with the first blob that is read with it."""
    tokens: int = 0
    """How many were issued; the last one is accepted."""
    ended: int = 0
    """How many of them have ended."""
    token_status: int = 200
    challenges: tuple[str, ...] = ("Bearer",)
    """The kinds of authorization that it accepts; without any it takes name and password itself, and answers 403."""
    in_pieces: bool = False
    """Manifests and tokens come in two pieces, as from behind a slow proxy."""

    def routes(self) -> tuple[web.RouteDef, ...]:
        """The routes of the distribution API."""
        return (
            web.get("/token", self._token),
            web.get("/v2/{owner}/{name}/manifests/{reference}", self._manifest),
            web.get("/v2/{owner}/{name}/blobs/{digest}", self._blob),
        )

    def push(self, tag: str, *layers: tuple[bytes, dict[str, str]]) -> str:
        """Push a manifest with these layers and their annotations; returns its digest."""
        return self.push_manifest(
            tag, {"layers": [{"digest": self._add(blob), "annotations": notes} for blob, notes in layers]}
        )

    def push_manifest(self, tag: str, manifest: dict[str, Any]) -> str:
        """Push a manifest as it is; returns its digest."""
        text = json.dumps(manifest).encode()
        digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
        self.manifests[tag] = self.manifests[digest] = text
        return digest

    def _add(self, blob: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
        self.blobs[digest] = blob
        return digest

    async def _token(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != self._basic():
            return web.json_response({"errors": []}, status=401)
        if self.token_status != 200:
            return web.json_response({"errors": []}, status=self.token_status)
        self.tokens += 1
        return await self._sent(request, json.dumps({"token": f"token-{self.tokens}"}).encode())

    def _basic(self) -> str:
        return f"Basic {base64.b64encode(self.user.encode()).decode()}"

    def _refused(self, request: web.Request) -> web.Response | None:
        last = f"Bearer token-{self.tokens}"
        if not self.challenges and self.user:
            return None if request.headers.get("Authorization") == self._basic() else web.Response(status=403)
        if not self.user or (self.tokens > self.ended and request.headers.get("Authorization") == last):
            return None
        answer = web.Response(status=401)
        for kind in self.challenges:
            answer.headers.add("WWW-Authenticate", f'{kind} realm="http://{self.address}/token",service="registry"')
        return answer

    async def _manifest(self, request: web.Request) -> web.StreamResponse:
        found = self.manifests.get(request.match_info["reference"])
        return self._refused(request) or (
            web.Response(status=404) if found is None else await self._sent(request, found)
        )

    async def _sent(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if not self.in_pieces:
            return web.Response(body=body)
        answer = web.StreamResponse()
        answer.content_length = len(body)
        await answer.prepare(request)
        await answer.write(body[:10])
        await asyncio.sleep(0.02)
        await answer.write(body[10:])
        return answer

    async def _blob(self, request: web.Request) -> web.Response:
        found = self.blobs.get(request.match_info["digest"])
        if self.lies:
            return web.Response(body=b"another")
        refused = self._refused(request)
        if refused is None and self.short_tokens:
            self.ended = self.tokens
        return refused or (web.Response(status=404) if found is None else web.Response(body=found))


def layer(**files: bytes) -> bytes:
    """A compressed layer with these files below a folder, and a path that leads out of it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in {"adapter/README.md": b"read me", "../../outside": b"out"}.items():
            _add(archive, name, content)
        for name, content in files.items():
            _add(archive, f"../adapter/{name.replace('__', '.')}", content)
    return packed.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
