"""The stand-ins for SGLang's kernels in the CPU image, tested in real SGLang's environment."""

import json
import subprocess
from typing import Final

import pytest

from devcluster.cache import Cache
from house import real_sglang

SEEDS: Final = (7, (5 << 32) + 3)
POSITIONS: Final = (1, 900)
TOKENS: Final = (0, 5, 511)
PROGRAM: Final = f"""
import json, sgl_kernel, torch
hashed = torch.ops.sgl_kernel.murmur_hash32_cpu(
    torch.tensor({SEEDS}), torch.tensor({POSITIONS}), torch.tensor({TOKENS})
)
table = torch.zeros((3, 6), dtype=torch.int32)
sgl_kernel.assign_req_to_token_pool_cpu(
    torch.tensor([2, 0, 1]), table, torch.tensor([1, 0, 4]), torch.tensor([3, 1, 4]), torch.tensor([11, 12, 13]), 6
)
try:
    sgl_kernel.extend_attention_cpu(1)
except NotImplementedError as problem:
    missing = str(problem)
print(json.dumps({{
    "hashed": hashed.to(torch.int64).tolist(),
    "table": table.tolist(),
    "missing": missing,
    "amx": hasattr(torch.ops.sgl_kernel, "convert_weight_packed"),
    "pinned": torch.zeros(2, pin_memory=True).pin_memory().tolist(),
}}))
"""
MASK: Final = 0xFFFFFFFF


@pytest.fixture(scope="module")
def found() -> dict[str, object]:
    words = [str(real_sglang.python(Cache.chosen())), "-c", PROGRAM]
    ran = subprocess.run(words, check=True, capture_output=True, text=True, env=real_sglang.environment())
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def test_samples_are_drawn_from_murmurs_hash(found: dict[str, object]) -> None:
    words = [(seed & MASK, seed >> 32, position) for seed, position in zip(SEEDS, POSITIONS, strict=True)]
    assert found["hashed"] == [[murmur(*word, token) for token in TOKENS] for word in words]


def test_places_of_new_tokens_are_written_into_their_requests_row(found: dict[str, object]) -> None:
    assert found["table"] == [[13, 0, 0, 0, 0, 0], [0] * 6, [0, 11, 12, 0, 0, 0]]


def test_it_is_not_taken_for_kernels_with_amx_and_names_what_it_lacks(found: dict[str, object]) -> None:
    assert found["amx"] is False
    assert "extend_attention_cpu" in str(found["missing"])


def test_memory_that_would_be_pinned_for_a_gpu_is_plain(found: dict[str, object]) -> None:
    assert found["pinned"] == [0.0, 0.0]


def murmur(*words: int) -> int:
    """MurmurHash3 for 32 bits, as its author describes it, in Python's own numbers."""
    state = 0
    for word in words:
        mixed = rotated(word * 0xCC9E2D51 & MASK, 15) * 0x1B873593 & MASK
        state = (rotated(state ^ mixed, 13) * 5 + 0xE6546B64) & MASK
    state ^= 4 * len(words)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        state = (state ^ state >> shift) * factor & MASK
    return state ^ state >> 16


def rotated(word: int, bits: int) -> int:
    return (word << bits | word >> (32 - bits)) & MASK
