"""`fairlead simulate --what-if hostMemory=`: conversations that come back after the GPU evicted them start sooner."""

import json
from pathlib import Path

import pytest

from fairlead.cli.main import main

CHAT = """
apiVersion: fairlead.dev/v1alpha1
kind: InferenceDeployment
metadata: {name: chat}
spec:
  model: {source: hf://meta-llama/Llama-3.1-8B-Instruct}
  engine: {context: {maxTokens: 32768}}
  accelerator: {product: NVIDIA-L4}
  replicas: 1
"""


def conversations(number: int, turns: int) -> str:
    """Long conversations that come back every four minutes, together more than an L4 holds, as a trace of prefixes."""
    rows = [
        {
            "timestamp": 1000 * (turn * 240 + chat * 12),
            "input_length": 512 * 16 - 100,
            "output_length": 20,
            "hash_ids": [1000 * chat + block for block in range(16)],
        }
        for turn in range(turns)
        for chat in range(number)
    ]
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def test_what_the_gpu_evicted_comes_back_sooner_and_the_assumed_speed_is_stated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "chat.yaml").write_text(CHAT)
    (tmp_path / "trace.jsonl").write_text(conversations(20, 3))
    words = ["simulate", str(tmp_path / "chat.yaml"), "--traffic", str(tmp_path / "trace.jsonl"), "-o", "json"]
    assert main([*words, "--what-if", "hostMemory=64Gi", "--what-if", "hostMemory=4Gi"]) == 0

    plain, large, small = json.loads(capsys.readouterr().out)["candidates"]
    reports = [one["runs"][0]["report"] for one in (plain, large, small)]
    first, cached = [one["ttft"]["p50"] for one in reports], [one["cached_share"] for one in reports]
    assert first[1] < first[0] / 2
    assert cached[1] > cached[0]
    assert (first[2], cached[2]) == (first[0], cached[0]), "less than the GPU holds keeps nothing that it has evicted"
    assert any("loaded at 20 GB/s to each GPU, which is assumed" in note for note in large["notes"])
    assert not any("main memory" in note for note in plain["notes"])
