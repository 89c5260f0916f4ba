"""Archives: equal files give equal bytes, whoever packed them and when."""

import gzip
import io
import tarfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from release import packing
from release.packing import PackedFile

FILES = st.dictionaries(st.from_regex(r"[a-z]{1,9}(/[a-z]{1,9})?", fullmatch=True), st.binary(max_size=99), min_size=1)


def gzipped(files: dict[str, bytes], owner: str, seconds: int) -> bytes:
    """An archive as Helm makes one."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        for name, content in files.items():
            about = tarfile.TarInfo(name)
            about.size, about.mtime, about.uname = len(content), seconds, owner
            archive.addfile(about, io.BytesIO(content))
    return written.getvalue()


@given(FILES, st.integers(0, 2**31), st.integers(0, 2**31))
def test_the_same_files_are_always_the_same_bytes(files: dict[str, bytes], one: int, other: int) -> None:
    backwards = dict(reversed(files.items()))
    packed = packing.repacked(gzipped(files, "me", one), 7)
    assert packed == packing.repacked(gzipped(backwards, "you", other), 7)
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as opened:
        assert opened.getnames() == sorted(files)
        assert {(about.mtime, about.uid, about.uname, about.mode) for about in opened} == {(7, 0, "", 0o644)}


def test_a_folder_is_packed_by_its_names_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_bytes(b"2")
    (tmp_path / "a").write_bytes(b"1")
    assert list(packing.folder(tmp_path)) == [PackedFile("a", b"1"), PackedFile("b/c", b"2")]
