"""Files that a loader must not copy or cannot read: links out of a claim, sizes beyond any adapter, broken layers."""

import gzip
import hashlib
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead.adapting.adapter_files import CONFIG, FILES, WEIGHTS
from fairlead.loader import downloads
from fairlead.loader.sources import SourceAccess
from tests.adapting.adapters import written
from tests.loader.pretended_servers import PretendedHub, PretendedRegistry, layer
from tests.loader.test_sources import FILES as CONTENT
from tests.loader.test_sources import claim, content, fetched, from_hub, hub, pulled


def of_claim(tmp_path: Path) -> SourceAccess:
    return SourceAccess(claim="adapters", claim_folder=tmp_path / "claim")


@pytest.mark.parametrize("name", FILES)
def test_a_link_to_what_only_the_loader_may_read_is_not_followed(tmp_path: Path, name: str) -> None:
    folder, token = written(tmp_path / "claim" / "sql"), tmp_path / "token"
    token.write_text("{}")
    (folder / name).unlink()
    (folder / name).symlink_to(token)
    problem = fetched(claim("adapters/sql"), tmp_path / "into", of_claim(tmp_path))
    assert problem is not None
    assert problem.message == f"pvc://adapters/sql: the path of {name} leads out of the claim; put the file there"
    assert name not in content(tmp_path / "into")


def test_links_within_a_claim_are_followed_as_a_cache_of_the_hub_has_them(tmp_path: Path) -> None:
    folder, blobs = tmp_path / "claim" / "snapshots" / "1", written(tmp_path / "claim" / "blobs")
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).symlink_to(Path("../../blobs") / name)
    assert fetched(claim("adapters/snapshots/1"), tmp_path / "into", of_claim(tmp_path)) is None
    assert content(tmp_path / "into") == content(blobs)


def test_a_folder_that_cannot_be_read_is_not_reported_as_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "claim").mkdir()
    name = "a" * 300
    problem = fetched(claim(f"adapters/{name}"), tmp_path / "into", of_claim(tmp_path))
    assert problem is not None
    assert problem.message == (
        f"pvc://adapters/{name}: {CONFIG} cannot be read: File name too long; make it readable for the pod's user"
    )


def test_files_of_any_source_that_are_too_large_for_an_adapter_are_refused_before_they_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "LARGEST", 5000)
    large = {CONFIG: CONTENT[CONFIG], WEIGHTS: bytes(6000)}
    folder = written(tmp_path / "claim" / "sql")
    (folder / WEIGHTS).write_bytes(large[WEIGHTS])
    image = PretendedRegistry()
    image.push("v1", (layer(**{name.replace(".", "__"): text for name, text in large.items()}), {}))
    pretended = PretendedHub(files={f"acme/sql/main/{name}": text for name, text in large.items()})
    problems = (
        fetched(claim("adapters/sql"), tmp_path / "claimed", of_claim(tmp_path)),
        from_hub(hub(), pretended, tmp_path / "downloaded", None),
        pulled(image, tmp_path / "unpacked"),
    )
    for problem, into in zip(problems, ("claimed", "downloaded", "unpacked"), strict=True):
        assert problem is not None
        assert "so it is not an adapter" in problem.message
        assert WEIGHTS not in content(tmp_path / into)


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
@pytest.mark.parametrize("kept", [5, 3000])
def test_a_layer_that_was_pushed_in_part_is_reported_with_what_to_do(
    tmp_path: Path, compress: Callable[[bytes], bytes], kept: int
) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo(WEIGHTS)
        member.size = 10_000
        archive.addfile(member, io.BytesIO(hashlib.shake_256(b"weights").digest(member.size)))
    pretended = PretendedRegistry()
    pretended.push("v1", (compress(packed.getvalue())[:kept], {}))
    problem = pulled(pretended, tmp_path / "into")
    assert problem is not None
    assert problem.message.startswith("a layer cannot be unpacked: ")
    assert problem.message.endswith("; push it again, as tar without or with gzip")
