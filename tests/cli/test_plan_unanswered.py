"""`fairlead plan` where no fleet keeps the objectives, or too little arrives to tell: which, why, what would help."""

import json
import re
from pathlib import Path
from typing import Final

import pytest
import yaml

from fairlead.backtest import queue_limit
from fairlead.backtest.played_plan import PlayedPlan
from fairlead.cli import plan_unanswered
from fairlead.fleet.capacity_plan import LatencyObjectives
from tests.cli.conftest import Run
from tests.cli.test_plan import ARRIVING, MODEL, OBJECTIVES

NEEDED: Final = re.compile(r": ([0-9.]+) GiB are needed before any KV cache, and the engine may use ([0-9.]+) GiB")
L40S = ("--product", "NVIDIA-L40S")


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        (("--ttft-p95", "1ms"), "nothing in the catalogue keeps --ttft-p95 1ms, since even a single request takes"),
        (
            ("--ttft-p95", "30ms", "--tpot-p95", "1ms"),
            "nothing in the catalogue keeps --ttft-p95 30ms and --tpot-p95 1ms, since even a single request takes",
        ),
        (("--ttft-p95", "2s", "--tpot-p95", "1ms"), "nothing in the catalogue keeps --ttft-p95 2s and --tpot-p95 1ms"),
    ],
)
def test_who_allows_what_is_proposed_gets_a_plan(wanted: tuple[str, ...], answer: str, run: Run) -> None:
    words = ("plan", MODEL, *ARRIVING, *L40S, "--no-play")
    code, out, _ = run(*words, *wanted)
    first, second = out.splitlines()[:2]
    assert code == 1
    assert first.startswith(answer)
    assert second.startswith("allow at least --")

    allowed = second.removeprefix("allow at least ").removesuffix(" for the nearest:").replace(" and ", " ").split()
    missed = [one for one in wanted if one.startswith("--") and one in allowed]
    kept = [one for pair in zip(wanted[::2], wanted[1::2], strict=True) if pair[0] not in missed for one in pair]
    assert run(*words, *kept, *allowed)[0] == 0
    assert json.loads(run(*words, *wanted, "-o", "json")[1])["others"][0]["alone"]["ttft_p95_s"] > 0


def test_what_arithmetic_refuses_is_simulated_before_a_dearer_fleet_is_proposed(run: Run) -> None:
    """Arithmetic takes 31 ms for each token of one request on an L40S; simulated by measured steps, it is 23 ms."""
    few = ("--rate", "0.1", "--prompt", "500,1000,2000", "--reply", "100,200,300", "--keep-precision")
    words = ("plan", MODEL, *few, "--ttft-p95", "2s", "--tpot-p95", "25ms", *L40S)
    code, out, _ = run(*words)
    assert code == 0
    assert out.startswith("1 x (1 x NVIDIA-L40S, weights none): 1.86 USD an hour")
    assert out.splitlines()[1].endswith(" ms a token (p95); by arithmetic, no number of these would do")
    assert "# at all of the GPU's bandwidth and compute; at the usual part, even a single request misses" in out
    assert run(*words, "--no-play")[1].startswith("1 x (2 x NVIDIA-L40S, weights none): 3.72 USD an hour")


def test_the_least_that_is_simulated_is_named_since_it_may_hold_below_what_arithmetic_keeps(run: Run) -> None:
    """It said to allow at least 10 ms, and 8 ms had a fleet."""
    few = ("--rate", "5", "--prompt", "500,1000,2000", "--reply", "100,200,400", "--product", "NVIDIA-L4")
    words = ("plan", MODEL, *few)
    _, out, _ = run(*words, "--tpot-p95", "6ms")
    assert out.splitlines()[1] == (
        "allow at least --tpot-p95 8ms to have the nearest simulated, which may keep it, or --tpot-p95 10ms, which "
        "arithmetic keeps:"
    )
    _, out, _ = run(*words, "--tpot-p95", "6ms", "--no-play")
    assert out.splitlines()[1] == "allow at least --tpot-p95 10ms for the nearest:", "nothing else is simulated then"
    assert run(*words, "--tpot-p95", "8ms", "--no-play")[0] == 1
    assert run(*words, "--tpot-p95", "10ms", "--no-play")[0] == 0


def test_a_queue_that_grows_without_end_is_named_and_not_the_pace(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a pace was given, every fleet kept it, and the message said that none did."""
    few = ("--rate", "2", "--prompt", "500,1500,3000", "--reply", "100,300,600", "--keep-precision")
    words = ("plan", MODEL, *few, *L40S, "--tpot-p95", "80ms")
    assert run(*words)[0] == 0
    monkeypatch.setattr(queue_limit, "QUEUED_PART", 0.0)
    monkeypatch.setattr(queue_limit, "MIN_QUEUED_S", 0.05)
    code, out, _ = run(*words)
    assert code == 1
    assert out.startswith("nothing that was simulated keeps --tpot-p95 80ms for 95% of requests, the nearest for ")
    assert out.splitlines()[0].endswith(
        "%: its queue grew without end; allow a slower pace or other GPUs, or see what arithmetic proposes with "
        "--no-play"
    )
    assert "so that no queue grows without end" in out, "with the limit, where the traffic is described"


def test_where_no_queue_grew_the_pace_is_to_blame() -> None:
    pace = LatencyObjectives(tpot_p95_s=0.02)
    objectives = LatencyObjectives(ttft_p95_s=90, tpot_p95_s=0.02)
    nothing = PlayedPlan(best=None, tried=(), left=0)
    assert plan_unanswered.unkept(pace, objectives, nothing).endswith(
        "0.0%: allow more time, or see what arithmetic proposes with --no-play"
    )


@pytest.mark.parametrize("output", ["text", "yaml", "json"])
def test_a_fleet_that_no_single_object_may_have_is_proposed_with_what_to_do(output: str, run: Run) -> None:
    """It was printed without a word, and admission refused it."""
    words = ("plan", MODEL, *ARRIVING, *L40S, *OBJECTIVES, "--no-play", "-o", output, "--rate")
    code, out, _ = run(*words, "100000")
    assert code == 0
    assert " is above 1000, the most that an InferenceDeployment may have; apply " in out
    assert "is above 1000" not in run(*words, "10")[1]


def test_a_model_that_fits_none_of_the_gpus_says_what_the_nearest_lack(run: Run) -> None:
    code, out, _ = run("plan", "meta-llama/Meta-Llama-3.1-405B", *ARRIVING, "--product", "NVIDIA-L4")
    lines = out.splitlines()
    assert code == 1
    assert lines[0] == "none of these GPUs can be planned for; leave out --product, or do what the nearest need:"
    assert lines[1].startswith("  8 x NVIDIA-L4, weights fp8PerTensor: 51.3 GiB are needed before any KV cache"), lines
    _, out, _ = run("plan", MODEL, *ARRIVING, "--product", "NVIDIA-A10")
    assert "no price is known for NVIDIA-A10: give one with --products FILE" in out.splitlines()[1]


LARGE: Final = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 32768,
    "intermediate_size": 131072,
    "num_hidden_layers": 400,
    "num_attention_heads": 256,
    "num_key_value_heads": 64,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
    "torch_dtype": "bfloat16",
}


def test_of_a_model_that_is_too_large_for_every_gpu_those_come_first_that_lack_least(run: Run, tmp_path: Path) -> None:
    """By name, the first were far too small, and a price was to be given for them."""
    (tmp_path / "large.json").write_text(json.dumps(LARGE))
    few = ("--rate", "1", "--prompt", "100,200,300", "--reply", "100,200,300", "--tpot-p95", "60ms")
    code, out, _ = run("plan", "my/large", "--config-json", str(tmp_path / "large.json"), *few)
    first, *nearest, _ = out.splitlines()
    assert code == 1
    assert first == "none of these GPUs can be planned for; do what the nearest need:", "no --product was given"
    sizes = [NEEDED.search(one) for one in nearest]
    shares = [round(float(one[1]) / float(one[2]), 2) for one in sizes if one is not None]
    assert shares == sorted(shares)
    assert (len(shares), "no price" in out) == (8, False)


def test_of_a_rate_at_which_hardly_a_request_arrives_the_fleet_is_calculated(run: Run) -> None:
    """It was refused: no request was drawn, and of none, none is kept."""
    words = ("plan", MODEL, *ARRIVING, *L40S, *OBJECTIVES, "-o", "yaml", "--rate")
    code, out, err = run(*words, "1e-6")
    assert (code, err) == (0, "")
    assert out.startswith(
        "# calculated, not simulated: of 1e-06 requests a second, fewer than 20 arrive in 2 hours; plan for a higher "
        "rate to see it simulated\n"
    )
    assert yaml.safe_load(out)["spec"]["replicas"] == 1
    assert run(*words, "0.003")[1].startswith("# simulated: ")


def test_replies_of_one_token_have_no_pace(run: Run) -> None:
    words = ("plan", MODEL, "--rate", "2", "--prompt", "100,200,300", "--reply", "1,1,1", *L40S, *OBJECTIVES)
    code, out, _ = run(*words)
    assert code == 0
    assert out.splitlines()[1] == (
        "100.0% of requests meet the objectives, first token within 0.03 s and no reply has a second token (p95)"
    ), "it said nan ms a token"
