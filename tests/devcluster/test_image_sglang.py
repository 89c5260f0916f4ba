"""The image of SGLang for processors follows its locks and what stands in for its kernels, and is what pods need."""

import re
from pathlib import Path

import pytest

from devcluster.cache import Cache
from devcluster.image import base, build, sglang_cpu, wheels
from fairlead.engines.sglang import lifecycle, release
from fairlead.fleet.desired_state import DesiredEngine, EngineKind

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = sglang_cpu.IMAGE.dockerfile.read_text()
INSTRUCTIONS = "\n".join(line for line in DOCKERFILE.splitlines() if not line.startswith("#"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of locks alone."""
    (tmp_path / "locks").mkdir()
    texts = {
        "sglang.txt": "torch==2\n",
        "sglang-wheel.txt": "sglang==0\n",
        "dev.txt": "pip==26 \\\n    --hash=sha256:aa\n",
    }
    for name, text in texts.items():
        (tmp_path / "locks" / name).write_text(text)
    return tmp_path


def test_it_runs_as_the_operators_user_and_is_known_to_hold_the_release_alone() -> None:
    assert f"\nUSER {lifecycle.USER}:{lifecycle.USER}\n" in INSTRUCTIONS
    engine = DesiredEngine(kind=EngineKind.SGLANG, version=release.RELEASE, image=sglang_cpu.IMAGE.reference)
    assert release.is_whole(engine)


@pytest.mark.parametrize("name", ["sglang.txt", "sglang-wheel.txt"])
def test_another_lock_is_another_image(checkout: Path, name: str) -> None:
    before = build.key(sglang_cpu.IMAGE.snapshot(checkout))
    (checkout / "locks" / name).write_text("torch==3\n")
    assert build.key(sglang_cpu.IMAGE.snapshot(checkout)) != before


def test_an_archive_that_is_there_answers_at_once(checkout: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    archive = cache.images / f"sglang-cpu-{build.key(sglang_cpu.IMAGE.snapshot(checkout))}.tar"
    archive.parent.mkdir(parents=True)
    archive.write_text("an image")
    assert sglang_cpu.IMAGE.ensure(checkout, cache) == build.BuiltImage(
        reference=sglang_cpu.IMAGE.reference, archive=archive
    )


def test_its_archive_and_its_wheels_are_none_that_our_own_image_would_drop(tmp_path: Path) -> None:
    (tmp_path / "sglang-cpu-0.tar").touch()
    for number in range(build.KEPT + 1):
        (tmp_path / f"fairlead-{number}.tar").touch()
    build.drop_old(tmp_path)
    assert (tmp_path / "sglang-cpu-0.tar").exists()
    assert not sglang_cpu.IMAGE.wheels.name.startswith(f"{wheels.OURS.name}-")


def test_its_base_is_that_of_our_own_image() -> None:
    assert base.key(sglang_cpu.IMAGE.packages) == base.key()


def test_what_stands_in_for_its_kernels_is_part_of_it_and_claims_no_amx(checkout: Path) -> None:
    text = sglang_cpu.KERNELS.read_text()
    assert sglang_cpu.IMAGE.snapshot(checkout)["sglang_kernels.py"] == text.encode()
    assert "COPY sglang_kernels.py " in INSTRUCTIONS
    assert re.findall(r'define\("(\w+)', text) == ["murmur_hash32_cpu"]


def test_only_what_hashes_vouch_for_is_installed_and_no_compiler_with_it() -> None:
    assert INSTRUCTIONS.count("--require-hashes --only-binary=:all:") == INSTRUCTIONS.count("pip --python") == 2
    assert not re.search(r"\b(gcc|g\+\+|cc|make|build-essential)\b", INSTRUCTIONS)
    assert "TORCH_COMPILE_DISABLE=1 SGLANG_USE_CPU_ENGINE=1" in INSTRUCTIONS
