"""`fairlead plan --trace` on files in formats that `fairlead simulate` reads, and what it reports about bad ones."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.test_plan import CARDS, GOALS, MODEL
from tests.cli.test_simulate_traces import piped


def test_a_trace_that_simulate_reads_is_planned_for(run: Run, tmp_path: Path) -> None:
    rows = [f"{number / 2},{400 + number},{50 + number % 7}" for number in range(600)]
    plain = tmp_path / "plain.csv"
    plain.write_text("\n".join(["\ufeffseconds,prompt_tokens,output_tokens", *rows]), encoding="utf-8")
    code, out, err = run("plan", MODEL, "--trace", str(plain), *GOALS, *CARDS, "-o", "yaml")
    assert (code, err) == (0, "")
    assert "peak: 2.00 requests/s" in out
    plain.write_text("seconds,prompt_tokens,output_tokens\n1,2,3")
    assert "a rate needs requests at two times" in run("plan", MODEL, "--trace", str(plain))[2]


@pytest.mark.parametrize(
    ("text", "because"),
    [
        (
            "seconds,prompt_tokens,output_tokens\n0,10,3\n1,abc,3\n",
            "line 3: prompt_tokens is abc, and must be a number",
        ),
        ('{"request_id": "a", "time": "today"}\n', "line 1: time is not one such as 2026-11-20T18:15:46.680Z"),
        ("seconds,prompt_tokens,output_tokens\n", "no request is left to play\n"),
        ("a,b,c\n1,2,3\n", "its first line is of no known format; a CSV begins with seconds,"),
    ],
)
def test_a_line_that_is_no_request_is_reported_by_the_rules_of_its_own_format(
    run: Run, tmp_path: Path, text: str, because: str
) -> None:
    (tmp_path / "bad").write_text(text)
    code, _, err = run("plan", MODEL, "--trace", str(tmp_path / "bad"))
    assert code == 2
    assert err.startswith(f"fairlead plan: --trace {tmp_path / 'bad'}: {because}")


def test_a_pipe_that_would_be_read_twice_is_refused(run: Run, tmp_path: Path) -> None:
    with piped(tmp_path, "seconds,prompt_tokens,output_tokens\n0,10,3\n1,9,3\n") as pipe:
        code, _, err = run("plan", MODEL, "--trace", str(pipe))
    assert code == 2
    assert err.startswith(
        f"fairlead plan: --trace {pipe}: it is a pipe, and this trace is read more than once; write it"
    )
