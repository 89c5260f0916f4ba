"""`fairlead plan` with objectives: its proposals are played, and the answer is what held, with the room that it has."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from fairlead.cli import plan_play
from tests.cli.conftest import Run
from tests.cli.test_plan import ARRIVING, MODEL, OBJECTIVES

ROOM: Final = (
    r"(no )?room: (only )?[\d.]+% with \d+% more requests.*"
    r"[\d.]+% without one of its 3 replicas would meet them(; --room plans for more requests)?"
)


def azure(folder: Path, requests: int, gap_s: float, prompt: int = 800) -> Path:
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    for number in range(requests):
        at = number * gap_s
        clock = f"{int(at // 3600):02}:{int(at // 60 % 60):02}:{at % 60:010.7f}"
        lines.append(f"2023-11-16 {clock},{prompt},100")
    recording = folder / "trace.csv"
    recording.write_text("\n".join(lines))
    return recording


def test_what_arithmetic_proposes_is_played_on_the_recording_and_fewer_may_do(run: Run, tmp_path: Path) -> None:
    recording = azure(tmp_path, 1500, 0.06)
    code, out, err = run("plan", MODEL, "--trace", str(recording), *OBJECTIVES, "--product", "NVIDIA-L4")

    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("3 x (1 x NVIDIA-L4, weights fp8PerTensor, fp8 cache): 2.4")
    assert "% of requests meet the objectives, first token within " in lines[1]
    assert lines[1].endswith("; by arithmetic 7 would be needed")
    assert re.fullmatch(ROOM, lines[2])
    assert f"# {lines[2]}" in lines, "whoever reads only the manifest sees it, too"
    assert "# simulated: " in out
    assert {"  replicas: 3", "      maxSequences: 70"} <= set(lines), "41 hold, too, and have no room"
    table = lines[
        next(at for at, line in enumerate(lines) if line.startswith("Simulated on trace.csv: 1,500 requests")) :
    ]
    assert table[1].split()[:2] == ["configuration", "batch"]
    assert any(" !" in line for line in table), "one replica fewer was played, and did not keep them"
    assert "median error TPOT 16%" in out


def test_in_json_the_best_fleet_is_that_of_the_manifest_and_not_what_arithmetic_alone_proposes(
    run: Run, tmp_path: Path
) -> None:
    words = ("plan", MODEL, "--trace", str(azure(tmp_path, 1500, 0.06)), "--product", "NVIDIA-L4", "-o", "json")
    found = json.loads(run(*words, *OBJECTIVES)[1])
    assert found["best"]["replicas"] == found["manifest"]["spec"]["replicas"] == 3
    assert found["best"]["supply"]["concurrent"] == found["manifest"]["spec"]["engine"]["batching"]["maxSequences"]
    assert found["best"]["cost_per_hour"] < found["reckoned"]["cost_per_hour"]
    room = found["played"]["room"]
    assert [one["times"] for one in room["busier"]] == [1.1, 1.25, 1.5, 2.0][: len(room["busier"])]
    assert all(one["keeps"] for one in room["busier"][:-1]), "no more is played once the objectives are missed"
    assert room["withoutOne"] < 0.95, "with two replicas the objectives were missed"


def test_a_fleet_may_be_planned_for_more_requests_than_were_recorded(run: Run, tmp_path: Path) -> None:
    words = ("plan", MODEL, "--trace", str(azure(tmp_path, 1500, 0.06)), "--product", "NVIDIA-L4", "-o", "json")
    usual, more = (json.loads(run(*words, *OBJECTIVES, *room)[1]) for room in ((), ("--room", "0.5")))

    assert (usual["best"]["replicas"], more["best"]["replicas"]) == (3, 4)
    usual_words, more_words = usual["played"]["traffic"], more["played"]["traffic"]
    assert " in 1.5 min, 16.68 a second on average" in usual_words
    assert more_words == f"{usual_words}; simulated 1.5 times as fast, in 1.0 min, for 50% more requests a second"
    assert more["reckoned"]["replicas"] > usual["reckoned"]["replicas"], "arithmetic starts from them, too"
    assert more["played"]["room"]["busier"][0]["times"] == 1.1, "room is what is left beyond those"


@pytest.mark.parametrize("lax", [("--ttft-p95", "30m"), ("--tpot-p95", "10s")], ids=["half an hour", "none"])
def test_a_fleet_whose_queue_grows_without_end_keeps_no_objective_however_lax(lax: tuple[str, str], run: Run) -> None:
    traffic = ("--rate", "8", "--prompt", "400,400,400", "--reply", "200,200,200", "--burst", "1")
    code, out, _ = run("plan", MODEL, *traffic, *lax, "--product", "NVIDIA-L4", "-o", "json")
    found = json.loads(out)

    assert code == 0
    assert found["played"]["traffic"].endswith("; first tokens are allowed 90 s, so that no queue grows without end")
    waits = [one["runs"][0]["report"]["ttft"]["p95"] for one in found["played"]["fleets"] if one["keeps"]]
    assert max(waits) <= 90


def test_traffic_options_beside_a_recording_make_the_traffic_drawn_from_seeds(run: Run, tmp_path: Path) -> None:
    recording = azure(tmp_path, 600, 0.5)
    more = ("--trace", str(recording), "--burst", "1.2", "--product", "NVIDIA-L40S", "-o", "json")
    code, out, _ = run("plan", MODEL, *more, *OBJECTIVES)
    assert code == 0
    played = json.loads(out)["played"]
    assert played["traffic"] == "traffic drawn by 3 seeds, 50 min each"
    assert [one["keeps"] for one in played["fleets"]].count(True) >= 1
    assert {"proposal", "reckonedReplicas", "keeps", "kept", "runs"} == played["fleets"][0].keys()


def test_of_a_long_recording_the_busiest_part_is_played(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_play, "MAX_REQUESTS", 300)
    recording = azure(tmp_path, 900, 0.5)
    rows = recording.read_text().splitlines()
    rows[301:] = [row for at, row in enumerate(rows[301:]) if not 200 < at < 500]
    recording.write_text("\n".join(rows))
    code, out, _ = run("plan", MODEL, "--trace", str(recording), *OBJECTIVES, "--product", "NVIDIA-L40S")
    assert code == 0
    assert "; its busiest 300 requests, from minute 0 on" in out


def test_objectives_that_no_simulated_option_keeps_are_reported_with_the_nearest_option(
    run: Run, tmp_path: Path
) -> None:
    recording = azure(tmp_path, 600, 1.0, prompt=2000)
    header, *rows = recording.read_text().splitlines()
    at_once = [f"{row[:17]}00.0000000{row[row.index(',') :]}" for row in rows]
    recording.write_text("\n".join([header, *at_once]))
    goals = ("--ttft-p95", "400ms", "--tpot-p95", "60ms", "--product", "NVIDIA-L40S", "--keep-precision")
    code, out, _ = run("plan", MODEL, "--trace", str(recording), *goals)
    assert code == 1
    assert out.startswith(
        "nothing that was simulated keeps --ttft-p95 400ms and --tpot-p95 60ms for 95% of requests, the"
    )
    assert "% of requests, the nearest for " in out
    assert out.splitlines()[0].endswith(": allow more time, or see what arithmetic proposes with --no-play")
    assert "Simulated on trace.csv" in out
    missed = json.loads(run("plan", MODEL, "--trace", str(recording), *goals, "-o", "json")[1])
    assert (missed["best"], missed["manifest"], missed["reckoned"] is None) == (None, None, False)


def test_without_objectives_nothing_is_played_and_on_a_terminal_progress_is_seen(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = azure(tmp_path, 300, 1.0)
    words = ("plan", MODEL, "--trace", str(recording), "--product", "NVIDIA-L40S")
    assert "layed" not in run(*words)[1]
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    progress = run(*words, *OBJECTIVES)[2]
    assert "\r0 fleets simulated" in progress
    assert progress.endswith(" fleets simulated; the best one is simulated with more requests\n")


def test_a_configuration_of_ones_own_is_played_too(run: Run, tmp_path: Path) -> None:
    own = {"model_type": "llama", "num_hidden_layers": 16, "hidden_size": 2048, "num_attention_heads": 32}
    own |= {"num_key_value_heads": 8, "vocab_size": 128_256, "intermediate_size": 8192, "max_position_embeddings": 8192}
    (tmp_path / "config.json").write_text(json.dumps(own))
    more = ("--config-json", str(tmp_path / "config.json"), "--product", "NVIDIA-L4", "--rate", "1")
    code, out, _ = run("plan", "me/mine", *ARRIVING, *OBJECTIVES, *more)
    assert code == 0
    assert "of requests meet the objectives" in out
