"""The bill of materials: what is in an image's layers, valid by CycloneDX' own schema."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.validation.json import JsonStrictValidator

from release import image_contents, materials
from release.image_contents import InstalledPackage

DIGEST = f"sha256:{'a' * 64}"
STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u14
Description: GNU C Library
 more words

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1.0
"""
OLD = "Name: Old_Name\nVersion: 1.0\nLicense: UNKNOWN TERMS\n"
KOPF = "Metadata-Version: 2.4\nName: kopf\nVersion: 1.45.2\nLicense-Expression: MIT\n\nA framework.\n"
RELEASE = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'


def layer(layout: Path, files: dict[str, str]) -> dict[str, Any]:
    """A layer with these files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, text in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(text.encode())
            archive.addfile(about, io.BytesIO(text.encode()))
    return {"digest": blob(layout, gzip.compress(written.getvalue()))}


def blob(layout: Path, content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()
    (layout / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    (layout / "blobs" / "sha256" / digest).write_bytes(content)
    return f"sha256:{digest}"


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """Two layers: a distribution, and what was installed over it."""
    place = tmp_path / "layout"
    below = layer(place, {"./var/lib/dpkg/status": STATUS, "./usr/lib/os-release": RELEASE, "./etc/passwd": "root"})
    above = layer(
        place,
        {
            "opt/fairlead/kopf-1.45.2.dist-info/METADATA": KOPF,
            "opt/fairlead/old_name-1.0.dist-info/METADATA": OLD,
            "opt/fairlead/kopf/METADATA": "Name: none\nVersion: 0\n",
        },
    )
    manifest = blob(place, json.dumps({"layers": [below, above]}).encode())
    (place / "index.json").write_text(json.dumps({"manifests": [{"digest": manifest}]}))
    return place


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """The wheels that one of them came in."""
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "kopf-1.45.2-py3-none-any.whl").write_bytes(b"wheel")
    return tmp_path / "wheels"


def test_what_the_layers_hold_is_listed_and_nothing_else(layout: Path, wheels: Path) -> None:
    found = image_contents.read(layout, wheels)
    assert found.distribution == "debian-12"
    digest = hashlib.sha256(b"wheel").hexdigest()
    assert found.packages == (
        InstalledPackage(kind="deb", name="libc6", version="2.36-9+deb12u14", architecture="amd64"),
        InstalledPackage(kind="pypi", name="kopf", version="1.45.2", licence="MIT", sha256=digest),
        InstalledPackage(kind="pypi", name="old-name", version="1.0", licence="UNKNOWN TERMS"),
    )


def test_the_bill_keeps_to_its_schema_and_is_the_same_each_time(layout: Path, wheels: Path) -> None:
    found = image_contents.read(layout, wheels)
    text = materials.bill("1.2.0", DIGEST, found, 1_795_000_000)
    assert JsonStrictValidator(materials.SCHEMA).validate_str(text) is None
    assert materials.bill("1.2.0", DIGEST, found, 1_795_000_000) == text
    bill = json.loads(text)
    assert bill["metadata"]["timestamp"] == "2026-11-18T11:06:40+00:00"
    assert sorted(one["purl"] for one in bill["components"]) == [
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12",
        "pkg:pypi/kopf@1.45.2",
        "pkg:pypi/old-name@1.0",
    ]


def test_another_image_has_another_serial_number(layout: Path, wheels: Path) -> None:
    found = image_contents.read(layout, wheels)
    bills = [json.loads(materials.bill("1.2.0", f"sha256:{one * 64}", found, 0)) for one in "ab"]
    assert bills[0]["serialNumber"] != bills[1]["serialNumber"]


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: Apache-2.0\nLicense: other", "Apache-2.0"),
        ("License: BSD", "BSD"),
        (f"License: {'long ' * 40}\nClassifier: License :: OSI Approved :: MIT License", "MIT License"),
        ("Classifier: Topic :: Software", ""),
    ],
)
def test_a_licence_is_what_the_author_wrote_in_short(metadata: str, licence: str) -> None:
    assert image_contents.python_package(f"Name: a\nVersion: 1\n{metadata}\n", {}).licence == licence


def test_an_image_without_a_distribution_has_no_debian_packages(wheels: Path, tmp_path: Path) -> None:
    place = tmp_path / "bare"
    manifest = blob(place, json.dumps({"layers": [layer(place, {"bin/sh": ""})]}).encode())
    (place / "index.json").write_text(json.dumps({"manifests": [{"digest": manifest}]}))
    found = image_contents.read(place, wheels)
    assert (found.packages, found.distribution) == ((), "")
