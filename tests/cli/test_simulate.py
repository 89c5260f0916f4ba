"""`fairlead simulate` for its user: files and a trace in, a table or JSON out, and errors named."""

import gzip
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.backtest import play as playing
from fairlead.backtest.decision_log import PlayedDecision
from fairlead.backtest.play import PlaySettings
from fairlead.backtest.repeats import Repeated
from fairlead.cli import simulate_text
from fairlead.cli.main import main
from fairlead.cli.simulate_text import Shown
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.policies import ScalingReason
from tests.backtest.test_play import candidate, steady, streams
from tests.cli.candidate_files import CANDIDATES


def test_candidates_are_compared_in_a_table_with_what_their_policies_did(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--cold-start", "30s"]
    assert main([*words, "--decisions"]) == 0

    out = capsys.readouterr().out.splitlines()
    assert out[0] == (
        "steady.csv: 1,200 requests in 5.0 min, 4.00 a second on average, 800 prompt and 100 output tokens each"
    )
    assert out[2].split()[:2] == ["candidate", "SLO"]
    assert out[3].startswith("fixed ")
    assert "100.0%" in out[3]
    assert out[4].startswith("scaled ")
    assert "fixed: no objective, so every answer counts as in time" in "\n".join(out)
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
    (once,) = fixed["runs"]
    assert once["report"]["arrived"] == 240
    assert once["costUsd"] == fixed["figures"]["costUsd"]["mean"] > 0
    assert fixed["figures"]["kept"]["margin95"] is None, "one run says nothing of chance"
    assert scaled["runs"][0]["replicas"]["most"] >= 1
    assert once["worstTenMinutes"] == {"sinceSeconds": 0.0, "requests": 240, "kept": once["report"]["kept"]}
    assert fixed["regret"] is None, "what does not keep its objectives is cheaper than that takes"


def test_the_router_queue_is_simulated_where_that_is_requested_and_the_output_states_it(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--cold-start", "30s"]
    shown = []
    for queue in ((), ("--queue",)):
        main([*words, "-o", "json", *queue])
        shown.append(json.loads(capsys.readouterr().out))
    plain, queued = shown
    assert queued["traffic"] == f"{plain['traffic']}; the routers' queue is simulated too"
    late = [one["candidates"][0]["figures"]["ttftP95Seconds"]["mean"] for one in shown]
    assert late[1] == pytest.approx(late[0], rel=0.05), "where nothing waits, it makes next to no difference"


def test_a_budget_decides_as_objectives_do(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--cold-start", "30s"]
    assert main([*words, "--budget", "0.1"]) == 1
    assert "USD an hour, over the budget of 0.1" in capsys.readouterr().out
    assert main([*words, "--budget", "1000", "-o", "json"]) == 0
    fixed, _ = json.loads(capsys.readouterr().out)["candidates"]
    assert fixed["affordable"]
    assert fixed["costUsdPerHour"] == pytest.approx(fixed["figures"]["costUsd"]["mean"] * 12, rel=0.01)
    assert main([*words, "--budget", "1000"]) == 0
    assert "USD an hour, within the budget of 1000" in capsys.readouterr().out
    assert main([*words, "--budget", "-3"]) == 2
    assert "--budget -3: a number between 0 and 1e+09" in capsys.readouterr().err


def test_a_cost_next_to_the_budget_is_shown_with_the_decimals_that_decide(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`fairlead plan` shows one replica at 1.86 USD an hour, whose price is 1.861."""
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--cold-start", "30s"]
    assert main([*words, "--budget", "1.86"]) == 1
    assert "1.861 USD an hour, over the budget of 1.86\n" in capsys.readouterr().out
    assert main([*words, "--budget", "1.861"]) == 0
    assert "; 1.86 USD an hour, within the budget of 1.861\n" in capsys.readouterr().out
    played = playing.play(candidate(1), steady(1.0, 60), PlaySettings(streams=streams))
    cost = 12345.671 * played.report.seconds / 3600
    near = Repeated(name="near", runs=(replace(played, cost=cost),), budget=12345.67)
    assert simulate_text.judged(near).endswith("; 12345.671 USD an hour, over the budget of 12345.67")


def test_what_has_no_price_is_within_no_budget() -> None:
    played = playing.play(candidate(1), steady(1.0, 60), PlaySettings(streams=streams))
    free = Repeated(name="free", runs=(replace(played, cost=None),), budget=5.0)
    assert (free.affordable, free.passes) == (False, False)
    assert "a budget of 5 USD an hour, and no price is known: give --products" in simulate_text.judged(free)
    assert replace(free, budget=None).passes


def test_a_budget_for_traffic_that_takes_no_time_is_not_compared_and_the_reason_is_given(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "single.csv").write_text("seconds,prompt_tokens,output_tokens\n0,800,5\n")
    assert main(["simulate", str(files / "fleet"), "--traffic", str(files / "single.csv"), "--budget", "5"]) == 1
    out = capsys.readouterr().out
    assert "a budget of 5 USD an hour, and the traffic takes no time" in out
    assert "no price is known" not in out


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
    ("words", "because"),
    [
        (("--speed-up", "fast"), "--speed-up fast: a number between 0.01 and 1000"),
        (("--speed-up", "0"), "--speed-up 0: a number between 0.01 and 1000"),
        (("--until", "soon"), "--until soon: not a time; write it in ms, s, m, h or d, such as 1.5s or 14d"),
        (("--start", "-1"), "--start -1: a number between 0 and 10000"),
        (("--step-times", "/nowhere.json"), "simulate: /nowhere.json: No such file or directory"),
        (("--seeds", "0"), "--seeds 0: a number between 1 and 100"),
        (("--jobs", "1000"), "--jobs 1000: a number between 1 and 100"),
        (("--sample", "3", "--seeds", "2"), "--sample with --seeds: give one of them"),
        (
            ("--sample", "3"),
            "--sample 3: a part of the traffic has 2 min, and a stretch takes 30; give a smaller number",
        ),
        (("--cold-start", "250s..110s"), "the median and the 95th percentile, which must not be less"),
        (("--cold-start", "250s.."), "--cold-start 250s..: not two times; write the median and the 95th percentile"),
        (("--cold-start", "1s..2s..3s"), "--cold-start 1s..2s..3s: not two times"),
        (("--html", ""), "--html : not a file; write the path of one"),
        (("--html", "."), "--html .: not a file; write the path of one"),
        (("--html", "/nowhere/x.html"), "--html /nowhere/x.html: there is no such folder; create it first"),
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
        ("kind: AutoscalingPolicy\n", "odd.yaml: kind: absent AutoscalingPolicy: "),
        (CANDIDATES.split("---")[2], "no InferenceDeployment in it; give the file of one"),
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


def test_a_candidate_that_cannot_be_played_is_named_before_those_that_it_would_be_compared_with(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "odd.yaml").write_text(CANDIDATES.replace("maxTokens: 16384", "maxTokens: 131072").split("---")[1])
    words = ["simulate", str(files / "odd.yaml"), "--traffic", str(files / "steady.csv"), "--against", "hpa"]
    assert main(words) == 2
    err = capsys.readouterr().err
    assert err.startswith("fairlead simulate: scaled: ")
    assert "--against" not in err


def test_a_price_of_ones_own_is_taken(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "products.yaml").write_text("products: [{product: NVIDIA-L40S, priceUsdHour: 100}]\n")
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--until", "1m"]
    assert main([*words, "--products", str(files / "products.yaml"), "-o", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["candidates"][0]
    (once,) = found["runs"]
    assert once["costUsd"] == pytest.approx(once["report"]["gpu_hours"] * 100)


def test_the_worst_ten_minutes_and_the_first_changes_are_shown() -> None:
    settings = PlaySettings(streams=random.Random, objectives=LatencyObjectives(ttft_p95_s=0.001))
    played = playing.play(candidate(1), steady(1.0, 60), settings)
    changes = tuple(
        PlayedDecision(at=60.0 * at, before=at, after=at + 1, reason=ScalingReason.TOKEN_DEMAND, message="more came")
        for at in range(8)
    )
    row = Repeated(name="chat", runs=(replace(played, decisions=changes),))
    shown = Shown(traffic="a story's", rows=(row,), decisions=False)

    short, whole = (simulate_text.text(replace(shown, decisions=every)).splitlines() for every in (False, True))

    assert "chat: judged by first token within 0.001 s and 200 ms between tokens; fewer than 95% met" in short
    assert "  worst: minutes 0 to 10, 0.0% of 60" in short
    assert "      1.0 min  1 -> 2  TokenDemand: more came" in short
    assert short[-1] == "  … 2 more changes: --decisions prints all"
    assert whole[-1] == "      7.0 min  7 -> 8  TokenDemand: more came"


def test_what_if_results_are_listed_beside_each_candidate_and_decide_no_exit_code(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--until", "1m"]
    more = ["--what-if", "weights=fp8PerTensor", "--what-if", "cacheAwareRouting=off", "--against", "hpa"]
    assert main([*words, *more]) == 0
    out = capsys.readouterr().out
    rows = [line.split("  ")[0] for line in out.splitlines()[3:10]]
    assert rows == [
        *("fixed", "fixed, weights=fp8PerTensor", "fixed, cacheAwareRouting=off"),
        *("scaled", "scaled, HPA on running", "scaled, weights=fp8PerTensor", "scaled, cacheAwareRouting=off"),
    ]
    assert "do not prefer the replica that holds the prefix" in out

    assert main([*words, "--ttft-p95", "1ms", "--what-if", "replicas=2"]) == 2, "scaled has no fixed number"
    assert "replicas=2: spec.replicas: 2: replicas and scaling cannot both decide" in capsys.readouterr().err
    assert main([*words, "--what-if", "contextTokens=1000000"]) == 2
    assert "fixed, contextTokens=1000000: Refused: " in capsys.readouterr().err
    assert main([*words, "--what-if", "magic=on"]) == 2
    assert "--what-if magic=on: no such lever" in capsys.readouterr().err
