"""The folders of devcluster: those that outlive a cluster, and those of a running one."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cache:
    """The only folder devcluster writes to; deleting it costs nothing but time."""

    root: Path

    @classmethod
    def chosen(cls) -> "Cache":
        """`FAIRLEAD_CACHE`, else the user's cache folder."""
        named = os.environ.get("FAIRLEAD_CACHE")
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        return cls(Path(named).absolute() if named else Path(base) / "fairlead")

    @property
    def go(self) -> Path:
        """Go's module and build caches."""
        return self.root / "go"

    @property
    def bin(self) -> Path:
        """Binaries, in a folder for each digest of their sources."""
        return self.root / "bin"

    @property
    def images(self) -> Path:
        """Base file systems and image archives."""
        return self.root / "images"

    @property
    def clusters(self) -> Path:
        """A folder for each running cluster; `down` removes it."""
        return self.root / "clusters"

    @property
    def locks(self) -> Path:
        """A file for each name of a cluster, which one start of it at a time holds; `down` leaves them."""
        return self.root / "locks"

    @property
    def logs(self) -> Path:
        """Logs of set-up steps, one file per step, overwritten each time."""
        return self.root / "logs"
