"""A file that is read again whenever it changes; what cannot be acted on is said, and what was read before stays."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fairlead.router import settings
from fairlead.router.settings import Misconfigured, Settings

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 1.0
Stamp = tuple[int, int, int] | None


async def follow(path: Path, tell: Callable[[Settings], None], every_seconds: float = EVERY_SECONDS) -> None:
    """Look until cancelled. A mounted ConfigMap changes by a link, so the file behind it is looked at."""
    known = stamp(path)
    while True:
        await asyncio.sleep(every_seconds)
        now = stamp(path)
        if now in (known, None):
            continue
        known = now
        try:
            fresh = settings.read(text(path))
        except (Misconfigured, OSError, UnicodeDecodeError) as problem:
            log.error("%s: %s; what was read before stays in force", path, problem)  # noqa: TRY400 - no trace needed
        else:
            log.info("%s: read again", path)
            tell(fresh)


def text(path: Path) -> str:
    """The whole file."""
    return path.read_text(encoding="utf-8")


def stamp(path: Path) -> Stamp:
    """What differs when the file does; nothing while there is none."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return (seen.st_mtime_ns, seen.st_size, seen.st_ino)
