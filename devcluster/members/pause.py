"""The pause image: the one program that holds a pod's namespaces open, as an archive a runtime takes."""

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path
from typing import Final

from devcluster.members.worker import PAUSE_IMAGE

ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


def write(program: Path, archive: Path) -> None:
    """Write the image with nothing in it but `program`."""
    layer = _tar({"pause": (program.read_bytes(), 0o755)})
    config = json.dumps(
        {
            "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [PAUSE_IMAGE], "Layers": ["layer.tar"]}]
    files = {"layer.tar": layer, name: config, "manifest.json": json.dumps(manifest).encode()}
    archive.write_bytes(_tar({path: (content, 0o644) for path, content in files.items()}))


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    """A tar of these files, the same bytes each time: no times, no owners."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, (content, mode) in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
