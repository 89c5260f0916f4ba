"""A file that is read again whenever it changes; an invalid version is logged, and the settings before it stay."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fairlead.router.config import loader
from fairlead.router.config.loader import RouterConfig, RouterConfigError

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 1.0
FileStamp = tuple[int, int, int] | None


class WatchedFile:
    """The file, and the Secrets it names: a change of any of them reloads all settings."""

    def __init__(self, path: Path, read: RouterConfig) -> None:
        self._path = path
        self._files = read.files
        self._last_stamps = self._stamps()

    async def follow(self, apply: Callable[[RouterConfig], None], every_seconds: float = EVERY_SECONDS) -> None:
        """Check until cancelled. A mounted ConfigMap changes by a symbolic link, so the link's target is checked."""
        while True:
            await asyncio.sleep(every_seconds)
            now = self._stamps()
            if now == self._last_stamps or now[0] is None:
                continue
            self._last_stamps = now
            try:
                fresh = loader.load(self._path)
            except (RouterConfigError, OSError, UnicodeDecodeError) as problem:
                log.error("%s: %s; what was read before stays in force", self._path, problem)  # noqa: TRY400 - no trace needed
            else:
                log.info("%s: read again", self._path)
                warn(fresh)
                apply(fresh)
                self._files = fresh.files
                self._last_stamps = self._stamps()

    def _stamps(self) -> tuple[FileStamp, ...]:
        return (stamp(self._path), *(each for one in self._files for each in _stamps_below(Path(one))))


def _stamps_below(path: Path) -> list[FileStamp]:
    """The stamp of a file, or those of a folder and of all files in it."""
    try:
        inside = sorted(path.iterdir())
    except OSError:
        inside = []
    return [stamp(path), *(stamp(one) for one in inside)]


def warn(settings: RouterConfig) -> None:
    """Log the warnings of the settings."""
    for sentence in settings.warnings:
        log.warning("%s", sentence)


def stamp(path: Path) -> FileStamp:
    """A value that changes with the file; nothing while there is no file."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return (seen.st_mtime_ns, seen.st_size, seen.st_ino)
