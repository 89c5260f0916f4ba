"""Registry credentials from mounted Secrets of type kubernetes.io/dockerconfigjson."""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

FILE: Final = "config.json"


def credentials(folder: Path) -> Mapping[str, str]:
    """Return basic authorization values by host; the first Secret that names a host wins."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob(f"*/{FILE}")):
        for host, value in _entries(path):
            found.setdefault(host, value)
    return found


def _entries(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the readable entries; for the others, the registry will report missing credentials."""
    try:
        auths = json.loads(path.read_text(encoding="utf-8")).get("auths") or {}
        for name, one in auths.items():
            host = name.removeprefix("https://").removeprefix("http://").partition("/")[0]
            user, password = one.get("username"), one.get("password")
            if one.get("auth"):
                yield host, one["auth"]
            elif user is not None and password is not None:
                yield host, base64.b64encode(f"{user}:{password}".encode()).decode()
    except (OSError, ValueError, AttributeError):
        return
