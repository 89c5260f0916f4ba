"""The mock engines and the load client: Go programs in this folder, built once per version of their sources."""

import hashlib
from pathlib import Path
from typing import Final

from devcluster import turns
from devcluster.cache import Cache
from devcluster.setup import go_build
from devcluster.setup.go_build import Build

SOURCES: Final = Path(__file__).resolve().parent / "mocks"
PROGRAMS: Final = {"engine": "./engine", "load": "./load"}
FLAGS: Final = ("-ldflags=-s -w",)


def folder(cache: Cache) -> Path:
    """The programs' folder; builds what is missing."""
    digest = hashlib.sha256("".join(FLAGS).encode())
    for source in sorted(SOURCES.rglob("*")):
        if source.is_file():
            digest.update(source.relative_to(SOURCES).as_posix().encode() + source.read_bytes())
    place = cache.bin / f"mocks-{digest.hexdigest()[:12]}"
    if not all((place / name).exists() for name in PROGRAMS):
        place.mkdir(parents=True, exist_ok=True)
        with turns.alone(cache.bin / ".mocks.lock", "a build of the mock engines"):
            go_build.build(Build(module=SOURCES, programs=PROGRAMS, flags=FLAGS), cache, place)
    return place
