"""`fairlead plan` on traffic that cannot be planned for: the error names the argument, its value, why, and a remedy."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.test_plan import ARRIVING, MODEL, OBJECTIVES

L40S = ("--product", "NVIDIA-L40S")
COLUMNS = "seconds,prompt_tokens,output_tokens"


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("--prompt", "1,1,1e7"), "--prompt 1,1,1e7: so far apart that the mean would be 26,734,466,191 tokens, more"),
        (("--reply", "10,90000,90000"), "--reply 10,90000,90000: so far apart that the mean would be "),
        (
            ("--prompt", "nan,nan,nan"),
            "--prompt nan,nan,nan: three rising numbers of tokens, each from 1 to 10,000,000",
        ),
        (("--prompt", "0,1,2"), "--prompt 0,1,2: three rising numbers of tokens, each from 1"),
        (("--prompt", "1,2,inf"), "--prompt 1,2,inf: three rising numbers of tokens, each from 1"),
        (("--prompt", "few,2,3"), "--prompt few,2,3: three rising numbers of tokens, each from 1"),
        (
            ("--prompt", "1000,140000,140000", *OBJECTIVES),
            "--prompt, --reply: 5 of 100 requests have 140,000 tokens or more, and meta-llama/Llama-3.1-8B-Instruct ",
        ),
    ],
)
def test_percentiles_that_no_traffic_has_are_refused_with_the_whole_argument(
    words: tuple[str, ...], answer: str, run: Run
) -> None:
    """The first one was answered with 1,917,084,154,922 replicas."""
    code, out, err = run("plan", MODEL, *ARRIVING, *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"fairlead plan: {answer}")


def test_a_recording_with_too_many_long_requests_is_refused_before_anything_is_played(run: Run, tmp_path: Path) -> None:
    trace = tmp_path / "long.csv"
    rows = [f"{number},{140_000 if number % 10 == 0 else 100},10" for number in range(100)]
    trace.write_text("\n".join([COLUMNS, *rows]))
    words = ("plan", MODEL, "--trace", str(trace), *L40S)
    code, out, err = run(*words, *OBJECTIVES)
    assert (code, out) == (2, "")
    assert err.startswith(f"fairlead plan: --trace {trace}: 5 of 100 requests have 140,000 tokens or more, and ")
    assert run(*words)[0] == 0, "without an objective, none is missed"
    assert run(*words, "--prompt", "100,200,300", "--no-play", *OBJECTIVES)[0] == 0


@pytest.mark.parametrize(
    ("rows", "requests"), [(["5,100,10"], "1 request"), (["5,100,10"] * 3, "3 requests")], ids=["one", "at one time"]
)
@pytest.mark.parametrize("azure", [False, True], ids=["plain", "Azure"])
def test_requests_at_a_single_time_have_no_rate(
    rows: list[str], requests: str, azure: bool, run: Run, tmp_path: Path
) -> None:
    trace = tmp_path / "few.csv"
    if azure:
        rows = [f"2023-11-16 18:15:4{row}" for row in rows]
    trace.write_text("\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens" if azure else COLUMNS, *rows]))
    code, _, err = run("plan", MODEL, "--trace", str(trace), *L40S, *OBJECTIVES)
    assert code == 2
    assert err == (
        f"fairlead plan: --trace {trace}: {requests}, and no time between the first and the last; a rate needs "
        "requests at two times: give --rate\n"
    )
    assert run("plan", MODEL, "--trace", str(trace), *L40S, "--no-play", "--rate", "2")[0] == 0
