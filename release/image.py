"""The image of a commit as an OCI layout, with the commit's time on everything: the same commit, the same digest.

The digest depends on the files of the image's snapshot, the wheels of `locks/runtime.txt`, the base image, the compiler
of the data plane, and the versions of buildah and gzip that write layers.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devcluster import progress, turns
from devcluster.cache import Cache
from devcluster.image import base, build, compiled, wheels
from devcluster.image.store import Store
from release.tree import SourceTree

LOG: Final = "release-image.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedImage:
    """The built image."""

    layout: Path
    digest: str
    """Of its manifest: the one that a chart pins."""
    base: str
    """The layout of the base image, by name; its own digest is that of the first layer."""
    wheels: Path
    """The folder of the installed wheels."""


def make(tree: SourceTree, version: str, cache: Cache, layout: Path) -> ReleasedImage:
    """Build the image anew; only the base, the wheels and compiled modules are reused from earlier builds."""
    build.prepare(cache)
    with turns.alone(cache.images / ".lock", "an image build"):
        context = build.lay_out(build.snapshot(tree.root), cache.images / "context")
        store = Store.opened(cache)
        wheels.copy_to(context, cache)
        compiled.copy_to(context, tree.root, cache)
        below = base.ensure(store, cache)
        arguments = {"BASE": below, "WHEELS": wheels.FOLDER, "PIP_NO_INDEX": "1"}
        reference = f"localhost/fairlead:{version}"
        with progress.step(f"building {reference}") as current:
            store.run(_words(tree, version, arguments, reference, context), current, LOG)
        shutil.rmtree(layout, ignore_errors=True)
        with progress.step("writing its layers") as current:
            store.run(["push", reference, f"oci:{layout}:{version}"], current, LOG)
        found = wheels.folder(context, cache)
    return ReleasedImage(layout=layout, digest=_only(layout)["digest"], base=below, wheels=found)


def _words(tree: SourceTree, version: str, arguments: dict[str, str], reference: str, context: Path) -> list[str]:
    labels = {"version": version, "revision": tree.commit()}
    given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    named = [f"--label=org.opencontainers.image.{name}={value}" for name, value in labels.items()]
    time = f"--timestamp={tree.commit_seconds()}"
    words = ["bud", "--isolation=chroot", "--pull=never", "--no-cache", time, f"--tag={reference}"]
    return [*words, *given, *named, str(context)]


def _only(layout: Path) -> dict[str, Any]:
    (found,) = json.loads((layout / "index.json").read_text(encoding="utf-8"))["manifests"]
    return dict(found)
