"""`fairlead plan` where no fleet keeps the objectives, or too little arrives to tell: which, why, what would help."""

import json

import pytest
import yaml

from tests.cli.conftest import Run
from tests.cli.test_plan import ARRIVING, MODEL, OBJECTIVES

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


def test_a_model_that_fits_none_of_the_gpus_says_what_the_nearest_lack(run: Run) -> None:
    code, out, _ = run("plan", "meta-llama/Meta-Llama-3.1-405B", *ARRIVING, "--product", "NVIDIA-L4")
    lines = out.splitlines()
    assert code == 1
    assert lines[0] == "none of these GPUs can be planned for; leave out --product, or do what the nearest need:"
    assert lines[1].startswith("  8 x NVIDIA-L4, weights fp8PerTensor: 51.3 GiB are needed before any KV cache"), lines
    _, out, _ = run("plan", MODEL, *ARRIVING, "--product", "NVIDIA-A10")
    assert "no price is known for NVIDIA-A10: give one with --products FILE" in out.splitlines()[1]


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
    assert run(*words, "0.003")[1].startswith("# played: ")


def test_replies_of_one_token_have_no_pace(run: Run) -> None:
    words = ("plan", MODEL, "--rate", "2", "--prompt", "100,200,300", "--reply", "1,1,1", *L40S, *OBJECTIVES)
    code, out, _ = run(*words)
    assert code == 0
    assert out.splitlines()[1] == ("100.0% kept, first token within 0.03 s and no reply has a second token (p95)"), (
        "it said nan ms a token"
    )
