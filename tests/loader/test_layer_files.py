"""The two files are found in whatever way an adapter was pushed, and those of a checkpoint are not taken for them."""

import io
import tarfile
from pathlib import Path
from typing import Final

import pytest

from fairlead.adapting.adapter_files import CONFIG, WEIGHTS
from fairlead.loader.layer_files import TITLE, UNPACK
from tests.loader.pretended_servers import PretendedRegistry
from tests.loader.test_sources import FILES, content, pulled

CHECKPOINT: Final = {f"checkpoint-100/{name}": b"of a checkpoint" for name in FILES}
FOLDER: Final = {TITLE: "chat-sql", UNPACK: "true"}


def archive(*parts: dict[str, bytes]) -> bytes:
    """Pack files; several parts as if each were appended to those before it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as made:
        for name, text in (file for files in parts for file in files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            made.addfile(member, io.BytesIO(text))
    return packed.getvalue()


def below(folder: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": text for name, text in files.items()}


@pytest.mark.parametrize("folder", [".", "runs/7", "/models/adapter"])
@pytest.mark.parametrize("is_first", [True, False])
def test_the_files_of_checkpoints_below_an_adapter_are_left(tmp_path: Path, folder: str, *, is_first: bool) -> None:
    pushed = CHECKPOINT | FILES if is_first else FILES | CHECKPOINT
    pretended = PretendedRegistry()
    pretended.push("v1", *((text, {TITLE: name}) for name, text in below(folder, pushed).items()))
    pretended.push("image", (archive(below(folder, pushed)), {}))
    pretended.push("folder", (archive(below("chat-sql", pushed)), FOLDER))
    for tag in ("v1", "image", "folder"):
        assert pulled(pretended, tmp_path / tag, f":{tag}") is None
        assert content(tmp_path / tag) == FILES


def test_a_folder_that_was_pushed_as_one_layer_is_unpacked(tmp_path: Path) -> None:
    """`oras push REPOSITORY ./chat-sql README.md`; its files have the media type of an archive too."""
    pretended = PretendedRegistry()
    pretended.push("v1", (b"no archive", {TITLE: "README.md"}), (archive(below("chat-sql", FILES)), FOLDER))
    assert pulled(pretended, tmp_path / "into") is None
    assert content(tmp_path / "into") == FILES


def test_a_folder_of_checkpoints_beside_the_files_is_not_even_read(tmp_path: Path) -> None:
    pretended = PretendedRegistry()
    pretended.push("v1", *((text, {TITLE: name}) for name, text in FILES.items()), (b"no archive", FOLDER))
    assert pulled(pretended, tmp_path / "into") is None
    assert content(tmp_path / "into") == FILES


def test_a_later_layer_of_an_image_replaces_a_file_at_the_same_path(tmp_path: Path) -> None:
    pretended = PretendedRegistry()
    old = archive(below("models", FILES | {CONFIG: b"of the image that it was built from"}))
    pretended.push("v1", (old, {}), (archive({f"models/{CONFIG}": FILES[CONFIG]}), {}))
    assert pulled(pretended, tmp_path / "into") is None
    assert content(tmp_path / "into") == FILES


def test_a_file_that_was_appended_to_an_archive_replaces_the_one_of_its_path_alone(tmp_path: Path) -> None:
    pretended = PretendedRegistry()
    old, new = below("models", {CONFIG: b"of an earlier run"}), below("models", FILES)
    pretended.push("v1", (archive(old, new), {}))
    assert pulled(pretended, tmp_path / "into") is None
    assert content(tmp_path / "into") == FILES


def test_files_that_were_pushed_from_two_folders_belong_together_if_there_are_no_others(tmp_path: Path) -> None:
    pretended = PretendedRegistry()
    pretended.push("v1", (FILES[CONFIG], {TITLE: f"a/{CONFIG}"}), (FILES[WEIGHTS], {TITLE: f"b/{WEIGHTS}"}))
    assert pulled(pretended, tmp_path / "into") is None
    assert content(tmp_path / "into") == FILES

    pretended.push("v1", *((FILES[CONFIG], {TITLE: f"{one}/{CONFIG}"}) for one in "ab"), (b"", {TITLE: f"c/{WEIGHTS}"}))
    problem = pulled(pretended, tmp_path / "again")
    assert problem is not None
    assert problem.message.endswith(": none of its folders holds both files; push the adapter's two files")


def test_of_several_adapters_none_is_guessed(tmp_path: Path) -> None:
    pretended = PretendedRegistry()
    pretended.push("v1", (archive({**below("sql/1", FILES), **below("sql/2", FILES), **below("de", FILES)}), {}))
    problem = pulled(pretended, tmp_path / "into")
    assert problem is not None
    assert problem.message.endswith(
        "/acme/sql:v1: 3 folders of it hold an adapter, /de and /sql/1 among them; push the folder of one"
    )
    assert content(tmp_path / "into") == {}
