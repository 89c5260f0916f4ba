"""The folder shared by loader and engine, with one subfolder per digest: complete and checked, or absent."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Final

from fairlead.adapting import adapter_check, adapter_files
from fairlead.adapting.adapter_check import AdapterExpectation
from fairlead.adapting.adapter_files import AdapterFacts, UnreadableAdapter
from fairlead.fleet.adapters import AdapterProblem, AdapterReason

_PARTIAL: Final = ".partial-"


class StagingFolder:
    """All adapters staged in a replica."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for left in root.glob(f"{_PARTIAL}*"):
            shutil.rmtree(left, ignore_errors=True)

    def staged(self) -> frozenset[str]:
        """Return the digests of the staged adapters."""
        return frozenset(f"sha256:{one.name}" for one in self.root.iterdir() if not one.name.startswith("."))

    def path(self, digest: str) -> Path:
        """Return an adapter's path."""
        return self.root / digest.removeprefix("sha256:")

    @contextmanager
    def begin(self) -> Iterator[Path]:
        """Create an empty folder for the two files; what is not kept is removed at the end."""
        folder = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=self.root))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, filled: Path, digest: str, expected: AdapterExpectation) -> AdapterProblem | None:
        """Check fetched files and keep them under their digest; return the problem, if any."""
        try:
            found = digest_of(filled)
            if found != digest:
                return AdapterProblem(
                    reason=AdapterReason.DIGEST_DIFFERS,
                    message=f"its files have the digest {found}, and the spec says {digest}; write the digest of the "
                    "version that you mean, or restore its files",
                )
            problem = adapter_check.problem(facts_of(filled), expected)
        except UnreadableAdapter as unreadable:
            return AdapterProblem(reason=AdapterReason.NO_ADAPTER, message=f"{unreadable}; {REMEDY}")
        if problem is None:
            filled.chmod(0o755)
            if not self.path(digest).exists():
                filled.rename(self.path(digest))
        return problem

    def discard(self, digest: str) -> None:
        """Remove the files of one adapter."""
        shutil.rmtree(self.path(digest), ignore_errors=True)

    def discard_if_changed(self, digest: str) -> None:
        """Remove files that are no longer those of the digest, so that they are read again.

        A node that lost its power, or a process that was killed while it discarded them, leaves a part of them.
        """
        try:
            unchanged = digest_of(self.path(digest)) == digest
        except (UnreadableAdapter, OSError):
            unchanged = False
        if not unchanged:
            self.discard(digest)


REMEDY: Final = (
    f"the source must be a folder with {adapter_files.CONFIG} and {adapter_files.WEIGHTS}, as PEFT saves them"
)


def digest_of(folder: Path) -> str:
    """Return the digest of the adapter in a folder."""
    return adapter_files.digest_of({name: _sum(folder / name) for name in adapter_files.FILES})


def facts_of(folder: Path) -> AdapterFacts:
    """Read an adapter's facts."""
    with _opened(folder / adapter_files.CONFIG) as file:
        config = file.read(adapter_files.LONGEST_CONFIG)
    with _opened(folder / adapter_files.WEIGHTS) as weights:
        length = adapter_files.header_length(weights.read(adapter_files.HEADER_LENGTH))
        return adapter_files.facts(config, weights.read(length))


def _sum(path: Path) -> str:
    with _opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(path: Path) -> BufferedReader:
    try:
        return path.open("rb")
    except OSError as problem:
        raise UnreadableAdapter(f"{path.name}: it cannot be read ({problem.strerror})") from None
