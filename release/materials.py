"""The bill of materials: the contents of an image, in CycloneDX, so that scanners and auditors need no other source."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from release.image_contents import ImageContents, InstalledPackage

SCHEMA: Final = SchemaVersion.V1_6
"""What scanners read today; the library writes 1.7 too."""
_SPACE: Final = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""RFC 4122's namespace for URLs."""


def bill(version: str, digest: str, contents: ImageContents, seconds: int) -> str:
    """The bill as JSON; its serial number follows from the image, and its time is the commit's."""
    image = Component(
        name="fairlead",
        type=ComponentType.CONTAINER,
        version=version,
        bom_ref=f"fairlead@{digest}",
        purl=PackageURL(type="oci", name="fairlead", version=digest),
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
    )
    made = Bom(
        components=[_component(one, contents.distribution) for one in contents.packages],
        metadata=BomMetaData(component=image, timestamp=datetime.fromtimestamp(seconds, tz=UTC)),
        serial_number=uuid5(_SPACE, f"fairlead@{digest}"),
    )
    made.register_dependency(image, made.components)
    return f"{make_outputter(made, OutputFormat.JSON, SCHEMA).output_as_string(indent=1)}\n"


def _component(one: InstalledPackage, distribution: str) -> Component:
    vendor, _, _ = distribution.partition("-")
    qualifiers = {"arch": one.architecture, "distro": distribution} if one.kind == "deb" else {}
    url = PackageURL(
        type=one.kind,
        namespace=vendor or None if one.kind == "deb" else None,
        name=one.name,
        version=one.version,
        qualifiers={name: value for name, value in qualifiers.items() if value},
    )
    return Component(
        name=one.name,
        type=ComponentType.LIBRARY,
        version=one.version,
        bom_ref=url.to_string(),
        purl=url,
        licenses=[LicenseFactory().make_from_string(one.licence)] if one.licence else None,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one.sha256)] if one.sha256 else None,
    )
