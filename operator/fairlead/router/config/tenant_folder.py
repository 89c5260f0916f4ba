"""Tenants' keys in one mounted folder: an entry's name identifies its tenant, so that a new tenant needs no restart.

`TENANT` and `TENANT.anything` hold a key, `TENANT.anything.sha256` the SHA-256 of one in hex.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

LONGEST: Final = 4096
"""Limit of a secret's bytes: no key is longer, and a wrong path may lead to a large file."""
MAX_ENTRIES: Final = 10_000
"""A Secret holds 1 MiB, some ten thousand keys."""
_HASHED: Final = ".sha256"
_DIGEST: Final = re.compile(rb"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """One entry of the folder."""

    file: Path
    tenant: str
    hashed: bool

    @classmethod
    def of(cls, file: Path) -> "KeyEntry":
        """Parse the entry's name; tenant names have no dot."""
        tenant, dot, _ = file.name.partition(".")
        return cls(file=file, tenant=tenant, hashed=bool(dot) and file.name.endswith(_HASHED))

    def digest(self) -> bytes | None:
        """Return the SHA-256 of its key; None if it holds none."""
        found = content(self.file)
        if not self.hashed:
            return sha256(found).digest() if found else None
        return bytes.fromhex(found.decode()) if found and _DIGEST.fullmatch(found) else None

    @property
    def expected(self) -> str:
        """What it should hold."""
        return "64 hex digits, as `printf %s KEY | sha256sum` prints them" if self.hashed else "the key into it"


def entries(folder: Path) -> Iterator[Path]:
    """List the files of a mounted Secret by name; those that begin with a dot are the kubelet's own."""
    try:
        names = sorted(one.name for one in folder.iterdir() if not one.name.startswith("."))
    except OSError:
        return
    yield from (folder / name for name in names[:MAX_ENTRIES])


def content(file: Path) -> bytes | None:
    """Read a secret without the line end that editors and `echo` append."""
    try:
        with file.open("rb") as opened:
            found = opened.read(LONGEST + 1)
    except OSError:
        return None
    return found.strip() if len(found) <= LONGEST else None
