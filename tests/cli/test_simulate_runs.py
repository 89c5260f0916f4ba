"""How candidates are simulated: against others, repeatedly, in stretches, and until an interrupt."""

import json
import os
import signal
from concurrent.futures import wait
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairlead.backtest import reference_fleets, worker_pool
from fairlead.backtest.comparison_rows import AGAINST, ComparisonRow
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.cli import simulate, simulate_inputs
from fairlead.cli.main import main
from tests.cli.candidate_files import CANDIDATES
from tests.cli.conftest import Run
from tests.cli.recorded_routers import objects, served


def test_an_interrupt_prints_the_candidates_that_were_simulated(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    played, calls = ComparisonRow.played, count()

    def second_lasts_for_ever(one: ComparisonRow, traffic: PlayedTraffic, settings: PlaySettings) -> PlayedCandidate:
        while one.name == "scaled":
            settings.progress(1.0)
        return played(one, traffic, settings)

    def interrupted(*words: Any, **more: Any) -> Any:  # noqa: ANN401  # as the library's
        if next(calls):
            raise KeyboardInterrupt
        return wait(*words, **more)

    monkeypatch.setattr(ComparisonRow, "played", second_lasts_for_ever)
    monkeypatch.setattr(worker_pool, "wait", interrupted)
    monkeypatch.setattr(worker_pool, "REFRESH_SECONDS", None)
    words = ["--traffic", str(files / "steady.csv"), "--until", "1m", "--jobs", "1"]
    assert main(["simulate", str(files / "fleet"), *words]) == 1
    shown = capsys.readouterr()
    assert "interrupted; not simulated, or not as often: scaled" in shown.err
    assert "fixed " in shown.out


def test_another_candidate_is_not_compared_with_the_record_where_an_interrupt_ended_the_running_one(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own latencies say nothing about the model's error: it has twice the replicas."""
    played, calls = ComparisonRow.played, count()

    def first_lasts_for_ever(one: ComparisonRow, traffic: PlayedTraffic, settings: PlaySettings) -> PlayedCandidate:
        while one.name == "scaled, as it runs":
            settings.progress(1.0)
        return played(one, traffic, settings)

    def interrupted(*words: Any, **more: Any) -> Any:  # noqa: ANN401  # as the library's
        if next(calls):
            raise KeyboardInterrupt
        return wait(*words, **more)

    monkeypatch.setattr(ComparisonRow, "played", first_lasts_for_ever)
    monkeypatch.setattr(worker_pool, "wait", interrupted)
    monkeypatch.setattr(worker_pool, "REFRESH_SECONDS", None)
    place = tmp_path / "fixed.yaml"
    place.write_text(yaml.safe_dump(objects()["fixed"]))
    with served(tmp_path, monkeypatch):
        code, out, err = run("simulate", str(place), "--from", "infd/scaled", "--jobs", "2")
    assert (code, "not simulated, or not as often: scaled, as it runs" in err) == (1, True)
    assert "fixed " in out
    assert "model error unknown: the simulation of what runs was interrupted\n" in out
    assert "recorded streams" not in out


def test_an_interrupt_at_the_start_prints_an_empty_table(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr(reference_fleets, "bound", interrupted)
    assert main(["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv")]) == 1
    assert "not simulated, or not as often: fixed; scaled" in capsys.readouterr().err


def test_a_process_that_the_system_ends_for_lack_of_memory_is_reported_with_what_to_do(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: object) -> PlayedCandidate:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("the process is gone")

    monkeypatch.setattr(ComparisonRow, "played", ended)
    words = ["--traffic", str(files / "steady.csv"), "--until", "1m", "--jobs", "2"]
    assert main(["simulate", str(files / "fleet"), *words]) == 2
    assert (
        "fairlead simulate: a process of the simulation was killed by the system, most often" in capsys.readouterr().err
    )


def test_progress_is_shown_on_a_terminal(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--until", "3m"]) == 0
    assert f"[{'#' * 30}] 100% simulated, 2 of 2 runs\n" in capsys.readouterr().err


def test_each_candidate_that_scales_is_played_against_others_as_they_ship_it(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--cold-start", "30s"]
    assert main([*words, "--against", "hpa", "--against", "static", "--until", "2m"]) == 0

    out = capsys.readouterr().out
    rows = [line.split("  ")[0] for line in out.splitlines()[3:7]]
    assert rows == ["fixed", "scaled", "scaled, HPA on running", "scaled, static peak"]
    assert "  scaled by HPA on running, 250 requests a replica as llm-d's guide" in out
    assert "  the minimum on these replicas, however they are scaled: at least 0.03 GPU hours" in out
    assert simulate.AGAINST == AGAINST


def test_a_baseline_that_keeps_the_objectives_makes_no_candidate_good(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = CANDIDATES.split("---", 1)[1].replace("minReplicas: 1, maxReplicas: 6", "minReplicas: 0, maxReplicas: 6")
    (files / "scaled.yaml").write_text(alone)
    words = ["simulate", str(files / "scaled.yaml"), "--traffic", str(files / "steady.csv"), "--until", "1m"]
    assert main([*words, "--against", "static", "--start", "0", "--cold-start", "30s", "-o", "json"]) == 1
    ours, static = json.loads(capsys.readouterr().out)["candidates"]
    assert (ours["keeps"], ours["baseline"]) == (False, False)
    assert (static["keeps"], static["baseline"]) == (True, True)


def test_baselines_need_a_candidate_that_scales(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "fixed.yaml").write_text(CANDIDATES.split("---", maxsplit=1)[0])
    words = ["simulate", str(files / "fixed.yaml"), "--traffic", str(files / "steady.csv")]
    assert main([*words, "--against", "keda"]) == 2
    assert "--against keda: no deployment among the files has spec.scaling" in capsys.readouterr().err


def test_seeds_give_every_figure_an_interval_where_chance_has_a_say(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{number / 20},800,100" for number in range(4800)]
    (files / "busy.csv").write_text("\n".join(["seconds,prompt_tokens,output_tokens", *rows]))
    (files / "scaled.yaml").write_text(CANDIDATES.split("---", 1)[1])
    words = ["simulate", str(files / "scaled.yaml"), "--traffic", str(files / "busy.csv"), "--seeds", "3"]
    main([*words, "--cold-start", "20s..60s", "-o", "json"])

    found = json.loads(capsys.readouterr().out)
    (scaled,) = found["candidates"]
    assert found["traffic"].endswith("; by 3 seeds, 95 % intervals of their mean")
    assert len(scaled["runs"]) == 3
    assert scaled["figures"]["kept"]["margin95"] > 0
    main([*words, "--cold-start", "20s..60s"])
    assert "% ±" in capsys.readouterr().out


def test_where_nothing_is_left_to_chance_it_is_played_once(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--until", "1m"]
    assert main([*words, "--seeds", "5", "--cold-start", "30s"]) == 0
    out = capsys.readouterr().out
    assert "; simulated once: nothing is left to chance (give --cold-start 110s..250s)" in out

    assert main([*words, "--seeds", "2", "--cold-start", "30s", "--what-if", "responseCache=0.3"]) == 0
    assert "; by 2 seeds, 95 % intervals" in capsys.readouterr().out, "which requests it answers is drawn"


def test_a_long_trace_is_played_in_stretches_with_the_error_of_that(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{number * 2},400,50" for number in range(3600)]
    (files / "long.csv").write_text("\n".join(["seconds,prompt_tokens,output_tokens", *rows]))
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "long.csv"), "--sample", "2", "-o", "json"]
    assert main(words) == 0

    found = json.loads(capsys.readouterr().out)
    assert (
        "; 33% of it simulated, 2 stretches of 20 min after 10 min of warm-up each: 95 % intervals" in found["traffic"]
    )
    fixed = found["candidates"][0]
    assert [run["report"]["arrived"] for run in fixed["runs"]] == [600, 600]
    assert fixed["figures"]["gpuHours"]["mean"] == pytest.approx(2 * 7198 / 3600)
    assert fixed["figures"]["gpuHours"]["margin95"] == pytest.approx(0.0, abs=1e-9)
    assert fixed["regret"] > 0


def test_a_single_stretch_has_no_interval_and_no_minutes_of_the_trace(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It begins somewhere in the trace, so its minutes and changes are not those that a reader would find there."""
    rows = [f"{number * 2},400,50" for number in range(3600)]
    (files / "long.csv").write_text("\n".join(["seconds,prompt_tokens,output_tokens", *rows]))
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "long.csv"), "--ttft-p95", "1ms"]
    assert main([*words, "--sample", "1", "--decisions"]) == 1
    out = capsys.readouterr().out
    assert "1 stretch of 20 min after 10 min of warm-up each: no intervals, which take two or more\n" in out
    assert "worst: minutes" not in out
    assert "->" not in out


def test_a_system_that_does_not_report_the_allowed_cores_plays_on_all_of_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {4, 7, 9}, raising=False)
    assert simulate_inputs.cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 12)
    assert simulate_inputs.cores() == 12
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert simulate_inputs.cores() == 1
