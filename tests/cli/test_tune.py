"""`fairlead tune`: a policy searched on one part of a trace, judged on the rest; plain messages where it cannot."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairlead.backtest import play_notes
from tests.cli.conftest import Run

HEAD = {"apiVersion": "fairlead.dev/v1alpha1", "metadata": {"name": "chat", "namespace": "team"}}
POLICY = HEAD | {
    "kind": "AutoscalingPolicy",
    "spec": {
        "objectives": {"ttftP95": "2s", "tpotP95": "100ms"},
        "signals": {"tokens": {"headroom": "0.5"}},
        "warmPool": {"ready": 2},
    },
}


SCHEDULE = {"name": "day", "cron": "0 8 * * *", "duration": "8h", "minReplicas": 5}


def deployment(**spec: Any) -> dict[str, Any]:  # noqa: ANN401
    scaling = {"minReplicas": 1, "maxReplicas": 8, "policy": {"name": "chat"}}
    return HEAD | {
        "kind": "InferenceDeployment",
        "spec": {
            "model": {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"},
            "engine": {"context": {"maxTokens": 8192}},
            "accelerator": {"product": "NVIDIA-L40S"},
            "scaling": scaling,
        }
        | spec,
    }


@pytest.fixture
def trace(tmp_path: Path) -> str:
    """Twenty minutes of constant traffic."""
    chance, now, rows = random.Random("tune"), 0.0, ["seconds,prompt_tokens,output_tokens"]  # noqa: S311  # recorded
    while now < 1200:
        now += chance.expovariate(0.4)
        rows.append(f"{now:.3f},{chance.randint(100, 600)},{chance.randint(20, 120)}")
    (tmp_path / "trace.csv").write_text("\n".join(rows))
    return str(tmp_path / "trace.csv")


def written(folder: Path, *documents: dict[str, Any]) -> str:
    (folder / "chat.yaml").write_text(yaml.safe_dump_all(documents))
    return str(folder / "chat.yaml")


def test_replicas_that_are_not_needed_are_tuned_away_and_the_patch_states_it(
    run: Run, tmp_path: Path, trace: str
) -> None:
    place = written(tmp_path, deployment(), POLICY)
    code, out, err = run("tune", place, "--traffic", trace, "--jobs", "2", "--start", "3")
    assert (code, err) == (0, "")
    assert "policies searched on the first 10 min, the best judged on the rest" in out
    first = out.splitlines()[0]
    assert "warmPool.ready: 2 → 1" in out
    patch = yaml.safe_load(out[out.index("apiVersion:") :])
    assert (patch["kind"], patch["metadata"]) == ("AutoscalingPolicy", {"name": "chat", "namespace": "team"})
    assert patch["spec"]["warmPool"] == {"ready": 0}
    rows = [line for line in out.splitlines() if line.startswith(("searched,", "held back,"))]
    assert len(rows) == 4

    code, out, _ = run("tune", place, "--traffic", trace, "--jobs", "2", "--start", "3", "-o", "json")
    document = json.loads(out)
    assert (code, document["helps"], document["patch"]) == (0, True, patch)
    assert document["traffic"] == first
    held, searched = document["heldBack"], document["searched"]
    assert held["after"]["costUsd"] < held["before"]["costUsd"]
    assert searched["after"]["report"]["gpu_hours"] < searched["before"]["report"]["gpu_hours"]
    assert document["steps"][0]["field"] in {"warmPool.ready", "signals.tokens.headroom"}


def test_a_policy_that_is_as_cheap_as_can_be_stays(run: Run, tmp_path: Path, trace: str) -> None:
    least = POLICY | {"spec": POLICY["spec"] | {"warmPool": {}, "signals": {"tokens": {"headroom": "0.02"}}}}  # type: ignore[operator]  # a mapping of its own
    code, out, _ = run("tune", written(tmp_path, deployment(), least), "--traffic", trace, "--jobs", "2")
    assert code == 0
    assert "No step of one field is better; the search asks for 1% of requests more than the goal." in out
    assert "kind:" not in out


@pytest.mark.parametrize(
    ("documents", "words", "sentence"),
    [
        ((deployment(),), "", "PolicyMissing: its policy chat is in none of the files"),
        ((deployment(scaling=None, replicas=2), POLICY), "", "it has no policy; set spec.scaling.policy"),
        ((deployment(), POLICY | {"spec": {}}), "", "it has no objective to keep; give --ttft-p95 2s"),
        ((deployment(), deployment(), POLICY), "", "a second InferenceDeployment; give one at a time"),
        ((deployment(), POLICY), "--train 1", "--train 1: "),
        ((deployment(), POLICY), "--jobs 0", "--jobs 0: a number between 1 and 100"),
        ((deployment(), POLICY), "--start 100000000", "--start 100000000: a number between 0 and 10000"),
        ((deployment(), POLICY), "--until 1ms --since 0.01s", "no request is left to simulate"),
    ],
)
def test_input_that_cannot_be_tuned_is_reported(
    run: Run, trace: str, documents: tuple[dict[str, Any], ...], words: str, sentence: str
) -> None:
    place = written(Path(trace).parent, *documents)
    code, out, err = run("tune", place, "--traffic", trace, *words.split())
    assert (code, out) == (2, "")
    assert err.startswith("fairlead tune: ")
    assert sentence in err


def test_a_trace_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    code, _, err = run("tune", written(tmp_path, deployment(), POLICY), "--traffic", str(tmp_path / "none.csv"))
    assert code == 2
    assert "none.csv: No such file or directory" in err


def test_a_trace_without_time_cannot_be_divided(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("seconds,prompt_tokens,output_tokens\n5,100,10")
    code, out, err = run("tune", written(tmp_path, deployment(), POLICY), "--traffic", str(tmp_path / "one.csv"))
    assert (code, out) == (2, "")
    assert err.startswith("fairlead tune: --traffic: one.csv: 1 request in 0.0 min")
    assert "use a longer trace" in err


def test_what_the_plays_leave_out_is_stated_below_the_table_and_in_the_json(
    run: Run, tmp_path: Path, trace: str
) -> None:
    spec = POLICY["spec"] | {"mode": "Recommend", "schedules": [SCHEDULE]}  # type: ignore[operator]  # a mapping of its own
    place = written(tmp_path, deployment(), POLICY | {"spec": spec})
    words = ("tune", place, "--traffic", trace, "--jobs", "2", "--start", "3")
    out = run(*words)[1]
    assert play_notes.RECOMMENDS in out.splitlines()
    assert play_notes.NO_DATES in out.splitlines()
    notes = json.loads(run(*words, "-o", "json")[1])["notes"]
    assert {play_notes.RECOMMENDS, play_notes.NO_DATES} <= set(notes)
