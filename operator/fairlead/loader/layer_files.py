"""Which files of an artifact or image are the adapter's: the two in one folder, above those of its checkpoints.

Only files of these two names are extracted from a layer, and no path in the archive is followed.
"""

import gzip
import lzma
import posixpath
import tarfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from fairlead.adapting import adapter_files
from fairlead.loader.downloads import SourceUnreadable, refuse_size

TITLE: Final = "org.opencontainers.image.title"
UNPACK: Final = "io.deis.oras.content.unpack"
"""Says of a layer with a title that it is a folder, as an archive."""


def titled(layers: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the digests of layers that are one of the files each, by path."""
    titles = ((str(_notes(one).get(TITLE, "")), str(one.get("digest", ""))) for one in layers)
    return {_path(title): digest for title, digest in titles if _is_of_adapter(title)}


def archives(layers: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the digests of layers that hold files: those of an image, and folders of an artifact."""
    notes = ((_notes(one), str(one.get("digest", ""))) for one in layers)
    return [digest for note, digest in notes if TITLE not in note or note.get(UNPACK) == "true"]


def chosen(paths: Iterable[str], location: str) -> tuple[str, str] | None:
    """Choose the two files; None if one is missing; raises `SourceUnreadable` if several folders have them.

    PEFT's trainer saves checkpoints in folders below the adapter.
    """
    there = set(paths)
    folders = sorted({posixpath.dirname(one) for one in there})
    whole = [one for one in folders if there.issuperset(_files_in(one))]
    top = next((one for one in whole if all(f"{other}/".startswith(f"{one.rstrip('/')}/") for other in whole)), None)
    if top is not None:
        return _files_in(top)
    if whole:
        raise SourceUnreadable(
            f"oci://{location}: {len(whole)} folders of it hold an adapter, {whole[0][:40]} and {whole[1][:40]} among "
            "them; push the folder of one"
        )
    config, weights = ([one for one in there if one.endswith(f"/{name}")] for name in adapter_files.FILES)
    return (config[0], weights[0]) if len(config) == len(weights) == 1 else None


def missing(paths: Iterable[str], location: str) -> SourceUnreadable:
    """Return the problem with files of which none were chosen."""
    there = {posixpath.basename(one) for one in paths}
    names = [name for name in adapter_files.FILES if name not in there]
    lacks = f"it holds no {names[0]}" if names else "none of its folders holds both files"
    return SourceUnreadable(f"oci://{location}: {lacks}; push the adapter's two files")


def unpacked(blob: Path, into: Path) -> dict[str, Path]:
    """Extract the files from one layer into a folder of their own; returns them by path.

    An archive may hold a path twice, as `tar --append` writes it: the later file replaces the earlier one.
    """
    found: dict[str, Path] = {}
    try:
        with tarfile.open(blob) as layer:
            for member in layer:
                if _is_of_adapter(member.name) and member.isfile() and (inner := layer.extractfile(member)):
                    refuse_size(member.size, f"{posixpath.basename(member.name)} in a layer")
                    to = found.setdefault(_path(member.name), into / str(len(found)))
                    with to.open("wb") as file:
                        while piece := inner.read(1 << 20):
                            file.write(piece)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as problem:
        raise SourceUnreadable(
            f"a layer cannot be unpacked: {type(problem).__name__}; push it again, as tar without or with gzip"
        ) from None
    return found


def _notes(layer: Mapping[str, Any]) -> Mapping[str, Any]:
    return layer.get("annotations") or {}


def _is_of_adapter(path: str) -> bool:
    return posixpath.basename(path) in adapter_files.FILES


def _path(name: str) -> str:
    """Return a path from the root on."""
    return posixpath.normpath(f"/{name.lstrip('/')}")


def _files_in(folder: str) -> tuple[str, str]:
    config, weights = (posixpath.join(folder, name) for name in adapter_files.FILES)
    return config, weights
