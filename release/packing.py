"""Archives whose bytes follow from their contents: names in order, one time, no owners."""

import gzip
import io
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple


class PackedFile(NamedTuple):
    """One file of an archive."""

    name: str
    content: bytes


def pack(files: Iterable[PackedFile], to: IO[bytes], seconds: int) -> None:
    """A tar of these files, in this order."""
    with tarfile.open(fileobj=to, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for one in files:
            about = tarfile.TarInfo(one.name)
            about.size, about.mtime, about.mode = len(one.content), seconds, 0o644
            archive.addfile(about, io.BytesIO(one.content))


def repacked(archive: bytes, seconds: int) -> bytes:
    """The same files of a gzipped tar, without when and by whom it was made."""
    written = io.BytesIO()
    pack(sorted(_unpacked(archive)), written, seconds)
    return gzip.compress(written.getvalue(), mtime=0)


def folder(place: Path) -> Iterator[PackedFile]:
    """All files of a folder by their path in it, in order, one at a time in memory."""
    for one in sorted(path for path in place.rglob("*") if path.is_file()):
        yield PackedFile(one.relative_to(place).as_posix(), one.read_bytes())


def _unpacked(archive: bytes) -> Iterator[PackedFile]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        for about in opened:
            content = opened.extractfile(about) if about.isfile() else None
            if content is not None:
                yield PackedFile(about.name, content.read())
