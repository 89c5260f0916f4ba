"""Registry credentials from mounted Secrets of type kubernetes.io/dockerconfigjson, chosen as the kubelet does.

Nothing is kept: the kubelet renews the mounted files while the loader runs, since credentials of some registries end
after an hour.
"""

import base64
import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, NamedTuple

FILE: Final = "config.json"
_VERSION_OF_API: Final = re.compile(r"^v[12](/|$)")
"""Follows the host in an old form of a registry's address."""
_DOCKER_HUB: Final = "docker.io"
_NAMES_OF_DOCKER_HUB: Final = frozenset({"index.docker.io", "registry-1.docker.io"})
"""`kubectl create secret docker-registry` writes the first by default."""


class RegistryCredentials(NamedTuple):
    """One entry of a Secret."""

    host: str
    """May have `*` in place of a part."""
    path: str
    """The first parts of the repositories that it is for; empty: all."""
    basic: str
    """The value of a basic authorization."""


def basic(folder: Path, host: str, repository: str) -> str | None:
    """Return the basic authorization value for a repository: of the closest entry, and of the first among equals."""
    found = [one for path in sorted(folder.glob(f"*/{FILE}")) for one in _entries(path) if _fits(one, host, repository)]
    return max(found, key=lambda one: ("*" not in one.host, len(one.path))).basic if found else None


def _fits(one: RegistryCredentials, host: str, repository: str) -> bool:
    parts, wanted = one.host.split("."), _official(host).split(".")
    same_host = len(parts) == len(wanted) and all(map(fnmatchcase, wanted, parts))
    return same_host and (not one.path or f"{repository}/".startswith(f"{one.path}/"))


def _official(host: str) -> str:
    return _DOCKER_HUB if host in _NAMES_OF_DOCKER_HUB else host


def _entries(path: Path) -> Iterator[RegistryCredentials]:
    """Yield the readable entries; for the others, the registry will report missing credentials."""
    try:
        auths = json.loads(path.read_text(encoding="utf-8")).get("auths") or {}
        for name, one in auths.items():
            host, _, rest = name.removeprefix("https://").removeprefix("http://").partition("/")
            repositories = _VERSION_OF_API.sub("", rest).strip("/")
            user, password = one.get("username"), one.get("password")
            if one.get("auth"):
                yield RegistryCredentials(_official(host), repositories, one["auth"])
            elif user is not None and password is not None:
                joined = base64.b64encode(f"{user}:{password}".encode()).decode()
                yield RegistryCredentials(_official(host), repositories, joined)
    except (OSError, ValueError, AttributeError):
        return
