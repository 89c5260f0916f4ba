"""The SGLang image for CPU follows its locks and its kernel stand-ins, and is what pods need."""

import re
from pathlib import Path

import pytest

from devcluster.image import base, sglang_cpu
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


def test_its_base_is_that_of_our_own_image() -> None:
    assert base.key(sglang_cpu.IMAGE.packages) == base.key()


def test_the_stand_in_for_its_kernels_is_part_of_the_image_and_claims_no_amx(checkout: Path) -> None:
    text = sglang_cpu.KERNELS.read_text()
    assert sglang_cpu.IMAGE.snapshot(checkout)["sglang_kernels.py"] == text.encode()
    assert "COPY sglang_kernels.py " in INSTRUCTIONS
    assert re.findall(r'define\("(\w+)', text) == ["murmur_hash32_cpu"]


def test_only_what_hashes_vouch_for_is_installed_and_no_compiler_with_it() -> None:
    assert INSTRUCTIONS.count("--require-hashes --only-binary=:all:") == INSTRUCTIONS.count("pip --python") == 2
    assert not re.search(r"\b(gcc|g\+\+|cc|make|build-essential)\b", INSTRUCTIONS)
    assert "TORCH_COMPILE_DISABLE=1 SGLANG_USE_CPU_ENGINE=1" in INSTRUCTIONS
