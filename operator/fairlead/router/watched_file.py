"""A file that is read again whenever it changes; an invalid version is logged, and the previous settings stay."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fairlead.router.config import loader
from fairlead.router.config.loader import RouterConfig, RouterConfigError

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 1.0
MAX_TEXTS: Final = 16
"""Texts kept of a watched ConfigMap; the kubelet updates its mount within a minute or two."""
FileStamp = tuple[int, int, int] | None


class WatchedFile:
    """The file, and the Secrets it names: a change of any of them reloads all settings.

    If the file is a mounted ConfigMap that is watched as well, `take` gets its text a minute earlier than the file. The
    file's text is then applied only if the watch has not shown it already: it is newer, or the watch is broken.

    Each file's stamp is taken before the file is read: if it changes in between, the next check reads it again.
    """

    def __init__(self, path: Path, apply: Callable[[RouterConfig], None]) -> None:
        """Follow the file; `load` comes first."""
        self._path = path
        self._apply = apply
        self._text = self._in_file = ""
        """The text in force, and the file's text at the last check."""
        self._watched: dict[str, None] = {}
        """Texts that the watch has shown, the latest last."""
        self._files: tuple[str, ...] = ()
        self._last_stamp: FileStamp = None
        """The file's."""
        self._last_stamps: tuple[FileStamp, ...] = ()
        """Those of the Secrets that it names."""
        self._unreadable = ""
        """Why it could not be read, as it was logged."""

    def load(self) -> RouterConfig:
        """Return the first settings, which are not applied; raises what is wrong with the file."""
        self._last_stamp = stamp(self._path)
        self._text = self._in_file = loader.text_of(self._path)
        settings = loader.read(self._text)
        self._files, self._last_stamps = settings.files, _stamps_of(settings.files)
        return loader.refreshed(settings)

    async def follow(self, every_seconds: float = EVERY_SECONDS) -> None:
        """Check until cancelled. A mounted ConfigMap changes by a symbolic link, so the link's target is checked."""
        while True:
            await asyncio.sleep(every_seconds)
            now, secrets = stamp(self._path), _stamps_of(self._files)
            is_new, with_secrets = now not in (None, self._last_stamp), secrets != self._last_stamps
            if not is_new and not with_secrets:
                continue
            self._last_stamp, self._last_stamps = now, secrets
            try:
                self._read_again(with_secrets=with_secrets)
            except OSError as problem:
                self._last_stamp = None  # it may be readable at the next check, and be the same
                if str(problem) != self._unreadable:
                    self._unreadable = str(problem)
                    self._complain(problem)
            except RouterConfigError as problem:
                self._complain(problem)
            except Exception:  # a bug here must not end the reading: keys revoked later would stay valid
                log.exception(
                    "internal error: %s was not applied; its next change will be; please report it", self._path
                )

    def _complain(self, problem: RouterConfigError | OSError) -> None:
        log.error("%s: %s; the previous content stays in force", self._path, problem)

    def take(self, text: str) -> None:
        """Apply the watched ConfigMap's current text."""
        self._watched.pop(text, None)
        self._watched[text] = None
        if len(self._watched) > MAX_TEXTS:
            del self._watched[next(iter(self._watched))]
        if text == self._text:
            return
        try:
            self._reload(text)
        except RouterConfigError as problem:
            log.error("the watched ConfigMap: %s; the previous content stays in force", problem)  # noqa: TRY400 - no trace needed
        except Exception:  # the watch would end, and begin anew with the same text
            log.exception(
                "internal error: the watched ConfigMap was not applied; its file will be, when that changes; "
                "please report it"
            )

    def _read_again(self, *, with_secrets: bool) -> None:
        """Apply the file, or the text in force with what its Secrets hold now."""
        before = self._in_file
        try:
            self._in_file = loader.text_of(self._path)
        except (OSError, RouterConfigError) as problem:
            if isinstance(problem, OSError):
                self._last_stamp = None  # it may be readable at the next check, and be the same
            if with_secrets:
                self._reload(self._text)  # a key may have been revoked
            raise
        self._unreadable = ""
        text, latest = self._in_file, next(reversed(self._watched), None)
        is_old = text in self._watched and text != latest
        if text == before or is_old:
            self._reload(self._text)
            return
        try:
            self._reload(text)
        except Exception as problem:
            if not isinstance(problem, (RouterConfigError, OSError)):
                self._in_file = before  # the next change of any file tries it again
            self._reload(self._text)  # a key may have been revoked as well
            raise

    def _reload(self, text: str) -> None:
        settings = loader.read(text)
        stamps = _stamps_of(settings.files)
        fresh = loader.refreshed(settings)
        log.info("%s: read again", self._path)
        warn(fresh)
        self._apply(fresh)
        self._text, self._files, self._last_stamps = text, settings.files, stamps


def _stamps_of(files: tuple[str, ...]) -> tuple[FileStamp, ...]:
    return tuple(each for one in files for each in _stamps_below(Path(one)))


def _stamps_below(path: Path) -> list[FileStamp]:
    """Return the stamp of a file, or those of a folder and of all files in it."""
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
    """Return a value that changes with the file; None if there is no file."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return (seen.st_mtime_ns, seen.st_size, seen.st_ino)
