"""Images are kept in memory where there is plenty, and on disk where there is not or it is unknown."""

from pathlib import Path

from devcluster.inside import image_room
from devcluster.inside.image_room import GIB


def written(folder: Path, available_gib: int) -> Path:
    """In the kernel's format."""
    path = folder / "meminfo"
    lines = ("MemTotal: 65802496 kB", "MemFree: 102400 kB", f"MemAvailable:   {available_gib * 1024 * 1024} kB")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_each_node_takes_its_share_and_the_rest_is_for_others() -> None:
    assert image_room.is_plenty(20 * GIB, nodes=3)
    assert image_room.is_plenty(6 * GIB, nodes=2)
    assert not image_room.is_plenty(6 * GIB, nodes=3)


def test_available_memory_counts_not_free_memory(tmp_path: Path) -> None:
    assert image_room.free(written(tmp_path, 20), ()) == 20 * GIB


def test_a_container_has_no_more_than_its_limit_by_whichever_version(tmp_path: Path) -> None:
    limit = tmp_path / "limit"
    absent = tmp_path / "absent"
    limit.write_text(f"{3 * GIB}\n")
    assert image_room.free(written(tmp_path, 20), (absent, limit)) == 3 * GIB
    limit.write_text("max\n")
    assert image_room.free(written(tmp_path, 20), (limit, absent)) == 20 * GIB
    limit.write_text("9223372036854771712\n")
    assert image_room.free(written(tmp_path, 20), (absent, limit)) == 20 * GIB


def test_where_available_memory_is_not_stated_the_disk_is_used(tmp_path: Path) -> None:
    silent = tmp_path / "meminfo"
    silent.write_text("MemTotal: 1 kB\n")
    assert not image_room.is_plenty(image_room.free(silent, ()), nodes=1)
