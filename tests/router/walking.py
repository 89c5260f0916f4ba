"""Every route of the router, by every method and in every spelling, over keep-alive connections."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from fairlead.router import handlers
from fairlead.router.wire.surfaces import PATHS
from tests.router.planes import HOST, Plane

ROUTES: Final = (
    *(one.decode() for one in (*handlers.PAGES, *handlers.OWN_LONG, *handlers.SCRAPED, *handlers.LONG, *PATHS)),
    *("/", "/v1", "/v1/", "/tokenize", "/detokenize", "/v1/models/hidden-llama", "/v1/models/nothing"),
    *("/v1/messages/count_tokens", "/v1/audio/transcriptions", "/v1/images/generations", "/v1/files"),
    *("/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/fairlead/v1/permits", "/fairlead", "/debug/pprof"),
    *("/favicon.ico", "/docs", "/openapi.json", "/version", "/ping", "/load", "/reset_prefix_cache", "/sleep"),
)
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
CREDENTIALS: Final = (
    "",
    "Authorization: Bearer \r\n",
    "Authorization: Bearer wrong\r\n",
    "authorization: Basic b3BlcmF0b3I6\r\n",
    "X-Api-Key: wrong\r\n",
    "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n",
    "X-Forwarded-For: 127.0.0.1\r\nX-Original-URL: /metrics\r\nX-HTTP-Method-Override: GET\r\n",
    "X-Fairlead-Explain: 1\r\nX-Fairlead-Cache: on\r\n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One request and its whole answer."""

    method: str
    target: str
    status: int
    head: str
    body: str


def spellings(route: str) -> Iterator[str]:
    """Spellings of a path that some server treats as the same."""
    encoded = "".join(f"%{ord(one):02x}" if one.isalpha() else one for one in route)
    yield from (route, f"/{route}", f"{route}/", f"{route}?a=b", f"{route}#a", f"/.{route}", f"/x/..{route}")
    yield from (encoded, route.replace("/", "%2F"), route.upper(), f"{route}%00", f"{route};a", f"{route}%20")
    yield from (f"http://a{route}", f"*{route}", route.replace("/", "\\"), f"/v1/..{route}", f"/v1//..{route}")


def requests(key: str | None = None) -> Iterator[tuple[str, str, str]]:
    """Method, target, header lines."""
    if key is not None:
        for method, route in product(METHODS, ROUTES):
            yield method, route, f"Authorization: Bearer {key}\r\n"
        return
    for method, route in product(METHODS, ROUTES):
        yield from ((method, target, "") for target in spellings(route))
        yield from ((method, route, lines) for lines in CREDENTIALS[1:])


async def walk(router: Plane, key: str | None = None) -> list[Answered]:
    """Send all of them."""
    found, reader, writer = [], None, None
    for method, target, lines in requests(key):
        if reader is None or writer is None:
            reader, writer = await asyncio.open_connection(HOST, router.port)
        body = '{"model": "hidden-llama", "prompt": "a", "messages": []}' if method in {"POST", "PUT", "PATCH"} else ""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        writer.write(f"{method} {target} HTTP/1.1\r\nHost: a\r\n{lines}{length}\r\n{body}".encode())
        answer = await _read(reader, method, target)
        found.append(answer)
        if "connection: close" in answer.head:
            writer.close()
            reader = writer = None
    if writer is not None:
        writer.close()
    return found


async def _read(reader: asyncio.StreamReader, method: str, target: str) -> Answered:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    without = head.startswith("http/1.1 204 ")
    length = 0 if without else int(head.partition("content-length: ")[2].partition("\r\n")[0])
    body = b"" if method == "HEAD" else await reader.readexactly(length)
    return Answered(method=method, target=target, status=int(head[9:12]), head=head, body=body.decode())
