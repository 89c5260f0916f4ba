"""Tuned on one part, judged on another: the Pareto front, what counts as a loss, and which traces are used."""

import copy
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.autoscaling.traffic import Part, Traffic, chat_replica
from bench.held_back import page, recordings, verdict
from bench.held_back.contest import BY_DEFAULT, OURS, contest
from bench.held_back.recordings import LeftOut
from bench.held_back.verdict import Loss
from fairlead.backtest.baselines import BASELINES
from fairlead.simulator.traffic.arrivals import RequestArrival
from prove.claimed import held_back


def row(name: str, kept: float, gpu_hours: float, kept_when_tuned: float = 0.97) -> dict[str, Any]:
    part = {"worst": 0.9, "first": kept, "pace": 1.0, "replicas": gpu_hours, "most": 9}
    held = {"kept": kept, "gpu_hours": gpu_hours} | part
    return {
        "name": name, "setting": "4", "plays": 6, "held": held, "tuned": held | {"kept": kept_when_tuned},
    }  # fmt: skip


def shown(*rows: Mapping[str, Any]) -> dict[str, Any]:
    one = {"name": "azure", "words": "an hour", "tuned_on": 9, "requests": 9, "peak": 4, "least": 2.0, "rows": [*rows]}
    return {"contests": [one], "left_out": [{"name": "gpus.csv", "because": "it is no trace"}]}


def test_a_candidate_that_none_dominates_and_that_keeps_the_objectives_wins() -> None:
    found = shown(row(OURS, 0.96, 5.0), row(BY_DEFAULT, 0.97, 4.0), row("HPA", 0.99, 6.0), row("KEDA", 0.9, 1.0))
    (one,) = found["contests"]
    assert verdict.wins(one)
    assert list(verdict.losses(one)) == []
    assert held_back.judged(found).holds
    assert "Fairlead, tuned, loses to none of them." in page.text(found)
    assert "Not played: gpus.csv, it is no trace." in page.text(found)


def test_every_loss_is_shown_with_what_the_figures_say_of_why() -> None:
    found = shown(row(OURS, 0.99, 5.0), row("HPA", 0.96, 4.0), row("KEDA", 0.995, 4.5))
    (one,) = found["contests"]
    assert [(loss, rival["name"]) for loss, rival in verdict.losses(one)] == [
        (Loss.CHEAPER, "HPA"),
        (Loss.DOMINATED, "KEDA"),
    ]
    text = page.text(found)
    assert "- HPA, Cheaper: Fairlead keeps 3.0 points more, beyond the goal; Fairlead has 5.0 replicas" in text
    assert "- KEDA, Dominated: Fairlead has 5.0 replicas on average (most 9), the other 4.5 (most 9)." in text
    figure = held_back.judged(found)
    assert not figure.holds
    assert figure.text.endswith("Losses: azure: HPA cheaper; azure: KEDA dominated")


def test_who_is_on_the_front_for_too_little_does_not_win() -> None:
    found = shown(row(OURS, 0.93, 5.0, kept_when_tuned=0.97), row("HPA", 0.96, 6.0))
    (one,) = found["contests"]
    assert verdict.on_front(verdict.tuned(one)[0], one)
    assert not verdict.wins(one)
    assert [loss for loss, _ in verdict.losses(one)] == [Loss.MISSED]
    because = "Fairlead was tuned to 97.0% and keeps 93.0% here; most misses are of the first token"
    assert verdict.why(one, one["rows"][1]) == because


def test_where_nothing_else_explains_it_the_price_does() -> None:
    (one,) = shown(row(OURS, 0.945, 5.0, kept_when_tuned=0.946), row("HPA", 0.952, 6.0))["contests"]
    assert verdict.why(one, one["rows"][1]) == "the other pays +20% for it"


def test_everybody_is_tuned_on_one_part_and_judged_on_the_other() -> None:
    def arrivals() -> list[RequestArrival]:
        return [RequestArrival(time=number / 2, prompt_tokens=900, output_tokens=60) for number in range(240)]

    half = [one for one in arrivals() if one.time < 60]
    parts = (Part(arrivals=lambda: half, since=0.0, until=60.0), Part(arrivals=arrivals, since=60.0, until=120.0))
    lines: list[str] = []
    steady = Traffic(name="steady", words="two a second", lived=chat_replica(), tuning=parts[0], reported=parts[1])

    found = contest(steady, lines.append)

    assert (found.tuned_on, found.requests, found.peak) == (120, 120, 1)
    names = [one.name for one in found.rows]
    assert names == [BY_DEFAULT, OURS, *(kind.name for kind in BASELINES.values()), "fixed fleet"]
    assert {line.split(":")[0] for line in lines} == {"steady"}
    fixed = found.rows[-1].held
    assert (fixed.kept, round(fixed.gpu_hours * 60, 6), fixed.most) == (1.0, 1.0, 1)
    assert fixed.keeps
    assert found.least <= fixed.gpu_hours
    assert (
        page.text({"contests": [json.loads(json.dumps(asdict(found)))], "left_out": []}).count("| fixed fleet |") == 1
    )


def test_any_trace_beside_ours_is_cut_in_halves_or_left_out_with_the_reason(tmp_path: Path) -> None:
    head = "seconds,prompt_tokens,output_tokens\n"
    (tmp_path / "slow.csv").write_text(head + "".join(f"{number},800,100\n" for number in range(1200)))
    (tmp_path / "busy.csv").write_text(head + "".join(f"{number / 10},30000,100\n" for number in range(1200)))
    (tmp_path / "short.csv").write_text(head + "0,1,1\n")
    (tmp_path / "gpus.csv").write_text("product,price\nL4,1\n")
    (tmp_path / "README.md").write_text("what these are")

    found = {one.name: one for one in recordings.others(tmp_path)}

    assert set(found) == {"slow", "busy", "short.csv", "gpus.csv"}
    slow, busy, short, none = (found[name] for name in ("slow", "busy", "short.csv", "gpus.csv"))
    assert isinstance(slow, Traffic)
    assert isinstance(busy, Traffic)
    assert (len(slow.tuning.arrivals()), slow.reported.since, slow.reported.until) == (600, 599.5, 1199.0)
    assert "played 2.0 times slower" in busy.words
    assert busy.lived.words.endswith("NVIDIA-L40S")
    assert isinstance(short, LeftOut)
    assert short.because == "short.csv: 1 request, and 1000 are needed for two parts"
    assert isinstance(none, LeftOut)


def test_the_page_is_that_of_the_kept_figures() -> None:
    found = page.kept()
    assert page.PAGE.read_text(encoding="utf-8") == page.text(found), "run `python -m bench.held_back --write`"


def test_another_figure_is_another_verdict() -> None:
    worse = copy.deepcopy(page.kept())
    for one in worse["contests"]:
        verdict.tuned(one)[0]["held"]["kept"] = 0.5
    assert not held_back.judged(worse).holds
