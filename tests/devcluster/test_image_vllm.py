"""The vLLM image for CPU follows its locks, shares nothing with our own, and is what pods need."""

import re
from pathlib import Path

from devcluster.image import base, vllm_cpu
from fairlead.engines.vllm import lifecycle, release

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = vllm_cpu.IMAGE.dockerfile.read_text()
INSTRUCTIONS = "\n".join(line for line in DOCKERFILE.splitlines() if not line.startswith("#"))


def test_it_is_the_image_that_the_operator_starts_by_default_with_the_operators_user_id() -> None:
    assert release.DEFAULT.cpu_image == vllm_cpu.IMAGE.reference
    assert f"\nUSER {lifecycle.USER}:{lifecycle.USER}\n" in INSTRUCTIONS


def test_its_base_is_ours_and_the_one_library_that_its_kernels_are_linked_to() -> None:
    assert set(vllm_cpu.IMAGE.packages) - set(base.PACKAGES) == {"libnuma1"}
    assert base.key(vllm_cpu.IMAGE.packages) != base.key() == base.key(base.PACKAGES)


def test_only_what_hashes_vouch_for_is_installed_and_no_compiler_with_it() -> None:
    assert INSTRUCTIONS.count("--require-hashes --only-binary=:all:") == INSTRUCTIONS.count("pip --python") == 2
    assert not re.search(r"\b(gcc|g\+\+|cc|make|build-essential)\b", INSTRUCTIONS)
    assert "TORCH_COMPILE_DISABLE=1" in INSTRUCTIONS
