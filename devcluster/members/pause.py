"""The pause image: the program that holds a pod's namespaces open, as an archive for a runtime."""

from pathlib import Path

from devcluster.members import plain_image
from devcluster.members.worker import PAUSE_IMAGE


def write(program: Path, archive: Path) -> None:
    """Write an image that contains only `program`."""
    files = {"pause": (program.read_bytes(), 0o755)}
    plain_image.write(archive, PAUSE_IMAGE, files, Entrypoint=["/pause"], User="65535:65535")
