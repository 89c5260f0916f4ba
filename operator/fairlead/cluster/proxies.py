"""The proxy for a server, by the variables that kubectl reads: HTTPS_PROXY, HTTP_PROXY and NO_PROXY.

Python's own reading of NO_PROXY knows no address ranges, so a cluster that kubectl reaches directly would be looked for
behind the proxy.
"""

import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

_PORTS: Final = {"http": 80, "https": 443}


def of(server: str, environ: Mapping[str, str]) -> str | None:
    """Return the proxy's URL; None: connect directly, as to every address of this machine."""
    url = urlsplit(server)
    named = _variable(environ, f"{url.scheme}_proxy")
    host = (url.hostname or "").rstrip(".")
    if not named or not host or _is_here(host):
        return None
    port = url.port or _PORTS.get(url.scheme)
    if any(_covers(entry.strip().lower(), host, port) for entry in _variable(environ, "no_proxy").split(",")):
        return None
    return named if "://" in named else f"http://{named}"


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name.upper()) or environ.get(name) or ""


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _covers(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of NO_PROXY names this host: an address, a range, or a domain with all below it."""
    if not entry or entry == "*":
        return bool(entry)
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass
    name, colon, number = entry.rpartition(":")
    if colon and number.isascii() and number.isdigit():
        return int(number) == port and _covers(name, host, port)
    domain = entry.removeprefix("*")
    return host.endswith(domain) if domain.startswith(".") else host == domain or host.endswith(f".{domain}")
