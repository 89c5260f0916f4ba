"""`fairlead simulate` as its user has it: files and a trace in, a table or JSON out, and what is wrong by its name."""

import gzip
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.backtest import play as playing
from fairlead.backtest.play import PlayedDecision, PlaySettings
from fairlead.cli import simulate_inputs, simulate_text
from fairlead.cli.main import main
from fairlead.cli.simulate_text import Shown
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.policies import ScalingReason
from tests.backtest.test_play import candidate, steady

CANDIDATES = """
apiVersion: fairlead.dev/v1alpha1
kind: InferenceDeployment
metadata: {name: fixed, namespace: default}
spec:
  model: {source: "hf://meta-llama/Llama-3.1-8B-Instruct"}
  engine: {context: {maxTokens: 16384}}
  accelerator: {product: NVIDIA-L40S}
  replicas: 2
---
apiVersion: fairlead.dev/v1alpha1
kind: InferenceDeployment
metadata: {name: scaled, namespace: default}
spec:
  model: {source: "hf://meta-llama/Llama-3.1-8B-Instruct"}
  engine: {context: {maxTokens: 16384}}
  accelerator: {product: NVIDIA-L40S}
  scaling: {minReplicas: 1, maxReplicas: 6, policy: {name: chat}}
---
apiVersion: fairlead.dev/v1alpha1
kind: AutoscalingPolicy
metadata: {name: chat, namespace: default}
spec:
  objectives: {ttftP95: 2s, tpotP95: 100ms}
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "candidates.yaml").write_text(CANDIDATES)
    rows = [f"{number / 4},800,100" for number in range(1200)]
    (tmp_path / "steady.csv").write_text("\n".join(["seconds,prompt_tokens,output_tokens", *rows]))
    return tmp_path


def test_candidates_are_compared_in_a_table_with_what_their_policies_did(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--cold-start", "30s"]
    assert main([*words, "--decisions"]) == 0

    out = capsys.readouterr().out.splitlines()
    assert out[0] == (
        "steady.csv: 1,200 requests in 5.0 min, 4.00 a second on average, 800 prompt and 100 output tokens each"
    )
    assert out[2].split()[:2] == ["candidate", "kept"]
    assert out[3].startswith("fixed ")
    assert "100.0%" in out[3]
    assert out[4].startswith("scaled ")
    assert "fixed: no objective, so every answer counts as kept" in "\n".join(out)
    assert "scaled: judged by first token within 2 s and 100 ms between tokens" in "\n".join(out)


def test_the_same_is_to_be_had_as_json_for_a_part_of_the_trace_and_faster(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = ["--since", "60s", "--until", "2m", "--speed-up", "2", "--ttft-p95", "1ms", "--seed", "7", "-o", "json"]
    assert main(["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), *part]) == 1

    found = json.loads(capsys.readouterr().out)
    assert found["traffic"].startswith("steady.csv: 240 requests in 0.5 min, 8.0")
    fixed, scaled = found["candidates"]
    assert (fixed["name"], fixed["keeps"], fixed["objectives"]["ttftP95Seconds"]) == ("fixed", False, 0.001)
    assert fixed["report"]["arrived"] == 240
    assert fixed["costUsd"] > 0
    assert scaled["replicas"]["most"] >= 1
    assert fixed["worstTenMinutes"] == {"sinceSeconds": 0.0, "requests": 240, "kept": fixed["report"]["kept"]}


def test_every_format_is_known_by_its_first_line(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n"
    mooncake = json.dumps({"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [1, 2]})
    lines = [
        json.dumps({"time": "2026-11-20T18:15:09Z", "request_id": "a", "prompt_tokens": 9, "output_tokens": 2}),
        json.dumps({"time": "2026-11-20T18:15:08Z", "request_id": "b", "status": 429}),
    ]
    (files / "azure.csv.gz").write_bytes(gzip.compress(azure.encode()))
    (files / "mooncake.jsonl").write_text(mooncake)
    (files / "access.log").write_text("\n".join(lines))
    (files / "whole.log").write_text(lines[0])
    for name in ("azure.csv.gz", "mooncake.jsonl", "access.log", "whole.log"):
        assert main(["simulate", str(files / "fleet"), "--traffic", str(files / name)]) == 0
        out = capsys.readouterr().out.splitlines()[0]
        assert out.startswith(f"{name}: 1 request in 0.0 min")
        assert out.endswith("1 line without counted tokens left out") is (name == "access.log")


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("a,b,c\n1,2,3\n", "its first line says of no format that is known what it is; the first line of a CSV is"),
        ("", "its first line says of no format"),
        ('{"nobody": 1}\n', "its first line says of no format"),
        ("seconds,prompt_tokens,output_tokens\n", "no request is left to play; check --since and --until"),
        ("seconds,prompt_tokens,output_tokens\n0,1,1\nx,1,1\n", "line 3: seconds is x, and must be a number"),
        ("seconds,prompt_tokens,output_tokens\n0,1,1\n5,1,1\n3,1,1\n", "request 3 came 2 s before the one above it"),
    ],
)
def test_a_bad_trace_is_named_before_anything_is_played(
    files: Path, text: str, because: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "bad.csv").write_text(text)
    assert main(["simulate", str(files / "fleet"), "--traffic", str(files / "bad.csv")]) == 2
    err = capsys.readouterr().err
    assert "bad.csv: " in err
    assert because in err


def test_bytes_that_are_no_text_are_named(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "bad.csv").write_bytes(b"\xff\xfe\x00")
    assert main(["simulate", str(files / "fleet"), "--traffic", str(files / "bad.csv")]) == 2
    assert "it is no text in UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (("--speed-up", "fast"), "--speed-up fast: a number between 0.01 and 1000"),
        (("--speed-up", "0"), "--speed-up 0: a number between 0.01 and 1000"),
        (("--until", "soon"), "--until soon: a time such as 800ms or 1.5s"),
        (("--start", "-1"), "--start -1: a number between 0 and 10000"),
        (("--step-times", "/nowhere.json"), "No such file"),
    ],
)
def test_a_bad_argument_is_answered_with_a_good_one(
    files: Path, words: tuple[str, ...], because: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), *words]) == 2
    assert because in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("kind: AutoscalingPolicy\n", "no InferenceDeployment in it"),
        ("kind: InferenceDeployment\nmetadata: {name: a, namespace: b}\nspec: {odd: 1}\n", "odd.yaml: "),
        ("{", "odd.yaml"),
        (CANDIDATES.split("---")[1], "scaled: PolicyMissing: its policy chat is in none of the files"),
    ],
)
def test_files_that_cannot_be_played_are_named(
    files: Path, text: str, because: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "odd.yaml").write_text(text)
    assert main(["simulate", str(files / "odd.yaml"), "--traffic", str(files / "steady.csv")]) == 2
    assert because in capsys.readouterr().err


def test_whoever_interrupts_gets_what_was_played(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = simulate_inputs.SimulateInputs.settings

    def second_is_too_long(inputs: simulate_inputs.SimulateInputs, name: str) -> object:
        if name == "scaled":
            raise KeyboardInterrupt
        return settings(inputs, name)

    monkeypatch.setattr(simulate_inputs.SimulateInputs, "settings", second_is_too_long)
    assert main(["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--until", "1m"]) == 1
    shown = capsys.readouterr()
    assert "interrupted; not played: scaled" in shown.err
    assert "fixed " in shown.out


def test_progress_is_shown_on_a_terminal(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--until", "3m"]) == 0
    assert "fixed: 100% played" in capsys.readouterr().err


def test_a_price_of_ones_own_is_taken(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "products.yaml").write_text("products: [{product: NVIDIA-L40S, priceUsdHour: 100}]\n")
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--until", "1m"]
    assert main([*words, "--products", str(files / "products.yaml"), "-o", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["candidates"][0]
    assert found["costUsd"] == pytest.approx(found["report"]["gpu_hours"] * 100)


def test_the_worst_ten_minutes_and_the_first_changes_are_told() -> None:
    settings = PlaySettings(streams=random.Random, objectives=LatencyObjectives(ttft_p95_s=0.001))
    played = playing.play(candidate(1), steady(1.0, 60), settings)
    changes = tuple(
        PlayedDecision(at=60.0 * at, before=at, after=at + 1, reason=ScalingReason.TOKEN_DEMAND, message="more came")
        for at in range(8)
    )
    shown = Shown(traffic="a story's", played=(replace(played, decisions=changes),), decisions=False)

    short, whole = (simulate_text.text(replace(shown, decisions=every)).splitlines() for every in (False, True))

    assert "chat: judged by first token within 0.001 s and 200 ms between tokens; fewer than 95% kept" in short
    assert "  worst: minutes 0 to 10, 0.0% of 60" in short
    assert "      1.0 min  1 -> 2  TokenDemand: more came" in short
    assert short[-1] == "  … 2 more changes: --decisions prints all"
    assert whole[-1] == "      7.0 min  7 -> 8  TokenDemand: more came"
