"""`python -m devcluster.image.compiled [INTO]`: compile the hottest files of data plane and simulator to machine code.

The modules lie beside their source files and Python prefers them; a Python of another version, which cannot load them,
uses the sources. They are rebuilt when one of these files, or one that they import, changes.
"""

import hashlib
import json
import os
import platform
import shutil
import sys
import sysconfig
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, Self

from devcluster import progress, turns
from devcluster.cache import Cache
from devcluster.image.compiled_files import LIBRARIES, PACKAGE, listed, read_by
from devcluster.setup import debian, machine

SETTINGS: Final = "pyproject.toml"
SOURCES: Final = "operator"
FOLDER: Final = "compiled"
"""In the cache, and beside the wheels of an image that is being built."""
MADE_FROM: Final = "made-from"
"""Beside the modules: digests of their sources, which the Dockerfile compares with its own files."""
IMAGE_PYTHON: Final = (3, 11)
"""Python of the Dockerfile's own base, which ignores the modules of any other without a word."""
KEPT: Final = 3
"""Builds that stay; each has some 15 MB."""
SAME_BYTES: Final = {"PYTHONHASHSEED": "0", "CFLAGS": "-g0", "LDFLAGS": "-Wl,--build-id=none -s"}
"""With these, equal sources, settings and compilers give equal modules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledSources:
    """The modules' sources, read once."""

    files: tuple[str, ...]
    sources: dict[str, bytes]
    settings: bytes
    """The project's settings, with mypy's."""

    @classmethod
    def of(cls, checkout: Path) -> Self:
        """Read those of a checkout."""
        root = checkout / SOURCES
        found = {path.relative_to(root).as_posix(): path.read_bytes() for path in (root / PACKAGE).rglob("*.py")}
        files = tuple(name for name in listed(checkout) if name in found)
        return cls(files=files, sources=found, settings=(checkout / SETTINGS).read_bytes() if files else b"")

    @property
    def key(self) -> str:
        """A name for the result, with this Python and this compiler."""
        settings = json.dumps(tomllib.loads(self.settings.decode()).get("tool", {}).get("mypy", {}), sort_keys=True)
        made_by = (sys.version, platform.machine(), str(sysconfig.get_config_var("CC")), metadata.version("mypy"))
        how = (*made_by, settings, MADE_FROM, json.dumps(LIBRARIES), *self.files, *SAME_BYTES.values())
        digest = hashlib.sha256("\0".join(how).encode())
        for name in read_by(self.sources, self.files):
            digest.update(f"{name}\0{len(self.sources[name])}\0".encode() + self.sources[name])
        return digest.hexdigest()[:12]

    def digests(self) -> str:
        """In the format of `sha256sum --check`, relative to the package folder."""
        names = read_by(self.sources, self.files)
        return "".join(f"{hashlib.sha256(self.sources[name]).hexdigest()}  {name}\n" for name in names)

    def lay_out(self, place: Path) -> None:
        """Write all files for the compiler."""
        shutil.rmtree(place, ignore_errors=True)
        for name, content in {**self.sources, SETTINGS: self.settings}.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def ensure(made_from: CompiledSources, cache: Cache) -> Path:
    """Return a folder with the modules in `fairlead/…`; builds them if missing."""
    home = cache.root / FOLDER
    place = home / made_from.key
    if not place.exists():
        _prepare(cache)
        home.mkdir(parents=True, exist_ok=True)
        with turns.alone(home / ".lock", "a compilation"):
            if not place.exists():
                _compile(made_from, cache, place)
    os.utime(place)
    return place


def copy_to(context: Path, checkout: Path, cache: Cache) -> None:
    """Copy a checkout's modules where the Dockerfile expects them; a checkout without a list has none."""
    made_from = CompiledSources.of(checkout)
    if made_from.files:
        shutil.copytree(ensure(made_from, cache), context / FOLDER)


def package(checkout: Path, cache: Cache, place: Path) -> Path:
    """Lay out the package as in an image, modules beside files; return the folder for PYTHONPATH."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(checkout / SOURCES / PACKAGE, place / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ensure(CompiledSources.of(checkout), cache), place, dirs_exist_ok=True)
    return place


def lacking() -> tuple[str, ...]:
    """The missing Debian packages without which nothing can be compiled."""
    compiler = () if shutil.which("gcc", path=machine.search_path()) else ("gcc", "libc6-dev")
    headers = (Path(sysconfig.get_paths()["include"]) / "Python.h").exists()
    return compiler if headers else (*compiler, f"python3.{sys.version_info.minor}-dev")


def _prepare(cache: Cache) -> None:
    packages = lacking()
    wanted = " ".join(packages)
    debian.have(packages, f"compiling needs Debian's {wanted}: apt-get install {wanted}", cache)


def _compile(made_from: CompiledSources, cache: Cache, place: Path) -> None:
    """Compile in a separate folder, renamed into place when complete."""
    work = place.parent / ".work"
    made_from.lay_out(work)
    tree = Path(__file__).resolve().parents[2]
    words = [sys.executable, "-m", "devcluster.image.mypyc_modules", str(work), *made_from.files]
    env = os.environ | SAME_BYTES | {"PYTHONPATH": str(tree)}
    with progress.step(
        f"compiling {len(made_from.files)} files of data plane and simulator (three minutes)"
    ) as current:
        progress.run(words, current, cache.logs / "compile.log", env=env)
    (work / "made" / MADE_FROM).write_text(made_from.digests(), encoding="utf-8")
    (work / "made").rename(place)
    shutil.rmtree(work)
    builds = sorted(place.parent.glob("[0-9a-f]*"), key=lambda one: one.stat().st_mtime, reverse=True)
    for older in builds[KEPT:]:
        shutil.rmtree(older)


def main(argv: Sequence[str] | None = None) -> int:
    """Compile this checkout's files, and copy the modules to a folder if one is given."""
    words = sys.argv[1:] if argv is None else argv
    if sys.version_info[:2] != IMAGE_PYTHON:
        image, mine = (".".join(map(str, one)) for one in (IMAGE_PYTHON, sys.version_info[:2]))
        print(
            f"compiled: warning: an image ignores modules of another Python, and these are of {mine}: "
            f"write `make compiled PYTHON=python{image}`, or build with `--build-arg BASE=python:{mine}-slim`",
            file=sys.stderr,
        )
    try:
        made = ensure(CompiledSources.of(Path(__file__).resolve().parents[2]), Cache.chosen())
    except progress.StepFailed as problem:
        print(f"compiled: {problem}", file=sys.stderr)
        return 1
    if words:
        shutil.rmtree(words[0], ignore_errors=True)
        shutil.copytree(made, words[0])
    print(words[0] if words else made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
