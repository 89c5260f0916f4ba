"""The wheels are those of the lock, pip's own among them, for the image's Python and not for ours."""

from pathlib import Path

import pytest

from devcluster import progress
from devcluster.cache import Cache
from devcluster.image import wheels

ROOT = Path(__file__).resolve().parents[2]

LOCK = """\
pathspec==1.0 \\
    --hash=sha256:11
    # via mypy
pip==26.3 \\
    --hash=sha256:22 \\
    --hash=sha256:33
    # via fairlead (pyproject.toml:dev)
pluggy==1.7.0 \\
    --hash=sha256:44
"""


def test_pips_pin_is_taken_with_all_its_hashes_and_nothing_after() -> None:
    pinned = "pip==26.3 \\\n    --hash=sha256:22 \\\n    --hash=sha256:33\n"
    assert wheels.pip_requirement(LOCK) == pinned


@pytest.mark.parametrize("lock", ["", "pip==26.3\n", "uv-pip==1 \\\n    --hash=sha256:55\n"])
def test_a_lock_without_pip_and_its_hashes_is_refused(lock: str) -> None:
    with pytest.raises(progress.StepFailed, match="pins no pip with hashes"):
        wheels.pip_requirement(lock)


def test_what_only_another_patch_of_python_needs_is_fetched_too() -> None:
    """pip evaluates such a condition by the Python it runs on, and the image has another patch version."""
    lock = "timeout==5 ; python_full_version < '3.11.3' \\\n    --hash=sha256:11\nwin==1 ; sys_platform == 'win32' \\\n"
    assert wheels.for_any_patch(lock) == ("timeout==5 \\\n    --hash=sha256:11\nwin==1 ; sys_platform == 'win32' \\\n")


def test_what_has_no_wheels_is_fetched_as_sources_and_all_else_as_wheels() -> None:
    binary, sources = wheels.split(LOCK, ("pathspec", "absent"))
    assert sources == "pathspec==1.0 \\\n    --hash=sha256:11\n"
    assert binary.startswith("    # via mypy\npip==26.3 ")
    assert wheels.split(LOCK, ()) == (LOCK, "")


def test_our_own_lock_pins_pip() -> None:
    assert wheels.pip_requirement((ROOT / "locks" / "dev.txt").read_text()).startswith("pip==")


def test_wheels_for_any_c_library_up_to_debians_are_accepted_newest_first() -> None:
    accepted = wheels.platforms("x86_64")
    assert accepted[0] == "--platform=manylinux_2_36_x86_64"
    assert accepted[-2:] == ["--platform=manylinux_2_17_x86_64", "--platform=manylinux2014_x86_64"]


def test_wheels_that_were_fetched_before_are_copied_and_not_fetched_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    place = lay_out_with_wheels_of_the_last_time(tmp_path / "context", cache)

    assert wheels.copy_to(tmp_path / "context", cache) is False

    assert (tmp_path / "context" / "wheels" / "kopf.whl").read_text() == "a wheel"
    assert (place / "kopf.whl").exists()


def lay_out_with_wheels_of_the_last_time(context: Path, cache: Cache) -> Path:
    (context / "locks").mkdir(parents=True)
    (context / wheels.RUNTIME).write_text("kopf==1\n")
    (context / wheels.PIP).write_text("pip==26\n")
    place = wheels.folder(context, cache)
    place.mkdir(parents=True)
    (place / "kopf.whl").write_text("a wheel")
    return place
