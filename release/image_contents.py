"""The packages in an image, read from its own layers, not from what was meant to be installed."""

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import Any, Final

METADATA: Final = re.compile(r"opt/fairlead/[^/]+\.dist-info/METADATA")
DPKG: Final = "var/lib/dpkg/status"
RELEASE: Final = "etc/os-release"
LINKED: Final = "usr/lib/os-release"
"""The target of Debian's link."""
_LICENCE: Final = "License :: OSI Approved :: "


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class InstalledPackage:
    """One package of the image."""

    kind: str
    """The type in a package URL: `pypi` or `deb`."""
    name: str
    version: str
    licence: str = ""
    """As its author wrote it; empty if nothing states it."""
    architecture: str = ""
    sha256: str = ""
    """Of the file that it was installed from; empty if unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContents:
    """All packages."""

    packages: tuple[InstalledPackage, ...]
    distribution: str
    """Such as `debian-12`, without which a Debian package cannot be looked up."""


def read(layout: Path, wheels: Path) -> ImageContents:
    """Read a layout with one image."""
    files = _files(layout)
    hashes = dict(_hashes(wheels))
    pythons = (python_package(text, hashes) for name, text in files.items() if METADATA.fullmatch(name))
    packages = (*pythons, *debian_packages(files.get(DPKG, "")))
    release = files.get(RELEASE) or files.get(LINKED, "")
    return ImageContents(packages=tuple(sorted(packages)), distribution=distribution(release))


def python_package(metadata: str, hashes: dict[tuple[str, str], str]) -> InstalledPackage:
    """Read the metadata that its wheel brought."""
    found = HeaderParser().parsestr(metadata)
    name, version = _normal(str(found["Name"])), str(found["Version"])
    classified = [one.removeprefix(_LICENCE) for one in found.get_all("Classifier", []) if one.startswith(_LICENCE)]
    written = str(found.get("License") or "").strip()
    short = written if 0 < len(written) < 64 and "\n" not in written else ""
    licence = str(found.get("License-Expression") or "") or short or " AND ".join(classified)
    return InstalledPackage(
        kind="pypi", name=name, version=version, licence=licence, sha256=hashes.get((name, version), "")
    )


def debian_packages(status: str) -> Iterator[InstalledPackage]:
    """Read dpkg's own list; packages removed except for their configuration are not installed."""
    for block in status.split("\n\n"):
        found = HeaderParser().parsestr(block.strip())
        if found["Package"] and found["Status"] == "install ok installed":
            yield InstalledPackage(
                kind="deb", name=found["Package"], version=found["Version"], architecture=found["Architecture"]
            )


def distribution(release: str) -> str:
    """Read from /etc/os-release."""
    found = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    parts = (found.get("ID", "").strip('"'), found.get("VERSION_ID", "").strip('"'))
    return "-".join(one for one in parts if one)


def _files(layout: Path) -> dict[str, str]:
    """Files that list installed packages; a later layer's replaces an earlier one's."""
    index = json.loads((layout / "index.json").read_text(encoding="utf-8"))
    manifest: dict[str, Any] = json.loads(_blob(layout, index["manifests"][0]["digest"]))
    found: dict[str, str] = {}
    for layer in manifest["layers"]:
        with tarfile.open(fileobj=io.BytesIO(_blob(layout, layer["digest"])), mode="r:*") as opened:
            for about in opened:
                name = about.name.removeprefix("./")
                content = opened.extractfile(about) if _is_list(name) and about.isfile() else None
                if content is not None:
                    found[name] = content.read().decode()
    return found


def _is_list(name: str) -> bool:
    return name in (DPKG, RELEASE, LINKED) or METADATA.fullmatch(name) is not None


def _blob(layout: Path, digest: str) -> bytes:
    return (layout / "blobs" / digest.replace(":", "/")).read_bytes()


def _hashes(wheels: Path) -> Iterator[tuple[tuple[str, str], str]]:
    for one in wheels.glob("*.whl"):
        name, version, *_ = one.name.split("-")
        yield (_normal(name), version), hashlib.sha256(one.read_bytes()).hexdigest()


def _normal(name: str) -> str:
    """The name as the package index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()
