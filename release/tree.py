"""The checkout that is released, from git and its files."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VERSION_FILE: Final = "operator/fairlead/__init__.py"
CHANGES: Final = "changes"
CHANGELOG: Final = "CHANGELOG.md"
_VERSION: Final = re.compile(r'(?<=^__version__ = ")[^"]+(?=")', re.MULTILINE)


class ReleaseRefused(Exception):
    """Refused or failed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class SourceTree:
    """One checkout."""

    root: Path

    def commit(self) -> str:
        """The checked-out commit."""
        return self._git("rev-parse", "HEAD").strip()

    def commit_seconds(self) -> int:
        """The commit's time in seconds since 1970: the time of everything built from it."""
        return int(self._git("log", "-1", "--format=%ct"))

    def commit_date(self) -> str:
        """The commit's day, in UTC."""
        return self._git("log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%d").strip()

    def changed_files(self) -> list[str]:
        """Uncommitted files."""
        return [line[3:] for line in self._git("status", "--porcelain").splitlines()]

    def version(self) -> str:
        """The package's version."""
        found = _VERSION.search((self.root / VERSION_FILE).read_text(encoding="utf-8"))
        if found is None:
            raise ReleaseRefused(f"{VERSION_FILE}: it has no line `__version__ = ...`; write one")
        return found.group()

    def write_version(self, version: str) -> None:
        """Write the version to the only place that is edited by hand."""
        path = self.root / VERSION_FILE
        path.write_text(_VERSION.sub(version, path.read_text(encoding="utf-8")), encoding="utf-8")

    def fragments(self) -> dict[str, str]:
        """Fragments by name, sorted; files that are not about a change are left out."""
        files = sorted((self.root / CHANGES).glob("*.md"))
        return {one.name: one.read_text(encoding="utf-8") for one in files if one.name != "README.md"}

    def changelog(self) -> str:
        """The current text; empty before the first release."""
        path = self.root / CHANGELOG
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _git(self, *words: str) -> str:
        done = subprocess.run(
            ("git", "-C", str(self.root), *words),
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"TZ": "UTC"},
        )
        if done.returncode:
            raise ReleaseRefused(f"git {words[0]}: {done.stderr.strip()}; run this in a checkout of the project")
        return done.stdout
