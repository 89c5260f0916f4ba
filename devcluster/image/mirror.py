"""Finds this machine's Debian mirror, so that the image's packages come from where the machine's do."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

APT: Final = Path("/etc/apt")

DEBIAN: Final = frozenset(
    {"oldoldstable", "oldstable", "stable", "testing", "unstable", "sid"}
    | {"bullseye", "bookworm", "trixie", "forky", "duke"}
)
"""Suites that only Debian's main archive has: Ubuntu's lacks bookworm, the security archive lacks Python."""

_ONE_LINE: Final = re.compile(r"^\s*deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+([^#\n]*)", re.MULTILINE)
_FIELD: Final = re.compile(r"^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_FETCHABLE: Final = ("http://", "https://", "file:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One archive in apt's configuration."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]


def mirror(sources: Iterable[Source]) -> str | None:
    """The first with Debian's main archive that debootstrap can use; None leaves debootstrap's default."""
    for source in sources:
        main = "main" in source.components and not DEBIAN.isdisjoint(source.suites)
        if main and source.uri.startswith(_FETCHABLE):
            return source.uri
    return None


def one_line(text: str) -> Iterator[Source]:
    """Parse apt's older format: `deb [options] uri suite components`."""
    for uri, suite, components in _ONE_LINE.findall(text):
        yield Source(uri=uri, suites=(suite,), components=tuple(components.split()))


def stanzas(text: str) -> Iterator[Source]:
    """Parse apt's newer format: fields with indented continuations, an empty line between two sources."""
    uncommented = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", uncommented):
        fields = {name.lower(): value for name, value in _FIELD.findall(stanza)}
        if "deb" in _words(fields, "types") and _words(fields, "enabled") != ("no",):
            for uri in _words(fields, "uris"):
                yield Source(uri=uri, suites=_words(fields, "suites"), components=_words(fields, "components"))


def read_mirror(apt: Path = APT) -> str | None:
    """The mirror in this machine's configuration; None without apt, or without Debian in it."""
    return mirror(_read_sources(apt))


def _read_sources(apt: Path) -> Iterator[Source]:
    parts = apt / "sources.list.d"
    for path in (apt / "sources.list", *sorted(parts.glob("*.list")), *sorted(parts.glob("*.sources"))):
        if path.is_file():
            read = stanzas if path.suffix == ".sources" else one_line
            yield from read(path.read_text(encoding="utf-8", errors="replace"))


def _words(fields: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(fields.get(name, "").split())
