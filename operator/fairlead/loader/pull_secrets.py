"""Registry credentials from mounted Secrets of type kubernetes.io/dockerconfigjson, chosen as the kubelet does.

Nothing is kept: the kubelet renews the mounted files while the loader runs, since credentials of some registries end
after an hour.
"""

import base64
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, NamedTuple

from fairlead.documents import json_document

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
    """The beginning of the repositories that it is for; empty: all."""
    basic: str
    """The value of a basic authorization."""


def basics(folder: Path, host: str, repository: str) -> tuple[str, ...]:
    """Return the basic authorization values for a repository, those of closer entries first.

    Several may fit while one is replaced by another: the first that may read it is found by trying.
    """
    paths = sorted(folder.glob(f"*/{FILE}"), key=lambda path: (len(path.parent.name), path.parent.name))
    found = [one for path in paths for one in _entries(path) if _fits(one, host, repository)]
    found.sort(key=lambda one: ("*" not in one.host, len(one.path)), reverse=True)
    return tuple(dict.fromkeys(one.basic for one in found))


def _fits(one: RegistryCredentials, host: str, repository: str) -> bool:
    """As for the kubelet, a path is any beginning of a repository's name, also within a part."""
    parts, wanted = one.host.split("."), _official(host).split(".")
    same_host = len(parts) == len(wanted) and all(map(fnmatchcase, wanted, parts))
    return same_host and f"{repository}/".startswith(one.path)


def _official(host: str) -> str:
    return _DOCKER_HUB if host in _NAMES_OF_DOCKER_HUB else host


def _entries(path: Path) -> Iterator[RegistryCredentials]:
    """Yield the readable entries; for the others, the registry will report missing credentials."""
    try:
        auths = json_document.read(path.read_text(encoding="utf-8")).get("auths") or {}
        for name, one in auths.items():
            host, _, rest = name.removeprefix("https://").removeprefix("http://").partition("/")
            repositories = _VERSION_OF_API.sub("", rest).lstrip("/")
            user, password = one.get("username"), one.get("password")
            if one.get("auth"):
                yield RegistryCredentials(_official(host), repositories, one["auth"])
            elif user is not None and password is not None:
                joined = base64.b64encode(f"{user}:{password}".encode()).decode()
                yield RegistryCredentials(_official(host), repositories, joined)
    except (OSError, ValueError, AttributeError):
        return
