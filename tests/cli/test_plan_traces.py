"""`fairlead plan --trace` on files in formats that `fairlead simulate` reads, and what it reports about bad ones."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.test_plan import ARRIVING, CARDS, GOALS, MODEL, OBJECTIVES
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
        (
            "seconds,prompt_tokens,output_tokens\n",
            "no request is left to simulate; it has none: give a file that has some\n",
        ),
        ("", "it is empty; a CSV begins with seconds,"),
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


def clients(folder: Path, rates: str) -> Path:
    """Rates of one client whose prompts and replies are short."""
    lines = ["t_s,client,field,mean,p0,p100"]
    lines += [f"0,a,{field},20,10,30" for field in ("input_tokens", "output_tokens")]
    (folder / "chat-lengths.csv").write_text("\n".join(lines))
    (folder / "chat-rates.csv").write_text(rates)
    return folder / "chat-rates.csv"


def test_clients_are_played_with_their_own_bursts_and_of_a_long_file_only_the_busiest_windows(
    run: Run, tmp_path: Path
) -> None:
    days = [f"{600 * window},a,{3.0 if 700 <= window < 720 else 2.0},G,0.05" for window in range(1440)]
    rates = clients(tmp_path, "\n".join(["t_s,client,rate_rps,dist,shape", *days]))
    words = ("plan", MODEL, *OBJECTIVES, "--product", "NVIDIA-L40S", "-o", "json", "--trace", str(rates))
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    played = json.loads(out)["played"]
    assert played["traffic"] == (
        "chat-rates.csv: clients with their own bursts and lengths, drawn by 3 seeds, busiest 120 min, "
        "from minute 7000 on"
    )
    bursts = played["fleets"][0]["runs"][0]["report"]

    described = json.loads(run(*words, "--burst", "1.5")[1])["played"]
    assert described["traffic"] == "traffic drawn by 3 seeds, 50 min each"
    assert bursts["ttft"]["p95"] > described["fleets"][0]["runs"][0]["report"]["ttft"]["p95"]


def test_clients_whose_gaps_no_shape_describes_are_drawn_as_traffic_of_their_rate(run: Run, tmp_path: Path) -> None:
    rates = clients(tmp_path, "t_s,client,rate_rps\n0,a,2.0\n600,a,2.0\n")
    words = ("plan", MODEL, *OBJECTIVES, "--product", "NVIDIA-L40S", "-o", "json", "--trace")
    assert json.loads(run(*words, str(rates))[1])["played"]["traffic"] == "traffic drawn by 3 seeds, 50 min each"

    rates.write_text("t_s,client,rate_rps,dist,shape\n0,a,2.0,G,1\n600,a,2.0,G,1\n")
    whole = json.loads(run(*words, str(rates))[1])["played"]["traffic"]
    assert whole == "chat-rates.csv: clients with their own bursts and lengths, drawn by 3 seeds, 20 min"
    rates.write_text("t_s,client,rate_rps,dist,shape\n0,a,2.0,G,1\n30,a,2.0,G,1\n")
    code, out, err = run(*words, str(rates))
    assert (code, out) == (2, "")
    where = f"fairlead plan: --trace {rates}: rates: line 3: "
    assert err.startswith(f"{where}its window begins at 30 s, and the one above it at 0 s lasts 600 s")
    assert err.endswith("; with --no-play, it is only calculated\n")


@pytest.mark.parametrize(
    ("rate", "low", "because"),
    [("fast", "10", "line 2: rate_rps is fast, and must be"), ("2.0", "few", "line 2: p0 is few, and must be")],
)
def test_an_error_in_rates_that_are_only_described_is_named_and_not_their_format(
    run: Run, tmp_path: Path, rate: str, low: str, because: str
) -> None:
    rates = clients(tmp_path, f"t_s,client,rate_rps\n0,a,{rate}\n")
    lengths = tmp_path / "chat-lengths.csv"
    lengths.write_text(lengths.read_text().replace("20,10,30", f"20,{low},30"))
    code, out, err = run("plan", MODEL, "--trace", str(rates), *GOALS, *CARDS)
    assert (code, out) == (2, "")
    assert err.startswith(f"fairlead plan: --trace {rates}, chat-lengths.csv: {because}")


def test_a_recording_that_cannot_be_played_is_refused_and_no_other_traffic_is_played_in_its_place(
    run: Run, tmp_path: Path
) -> None:
    rows = [f"2023-11-16 18:15:{second:02},400,50" for second in (*range(30), 20)]
    trace = tmp_path / "azure.csv"
    trace.write_text("\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *rows]))
    words = ("plan", MODEL, "--trace", str(trace), *CARDS)

    code, out, err = run(*words, *OBJECTIVES)
    assert (code, out) == (2, "")
    assert "azure.csv: line 32: it came 9 s before the request above it" in err
    assert err.endswith("; with --no-play, it is only calculated\n")
    assert run(*words, *GOALS)[0] == 0


def test_a_rate_that_takes_hours_to_simulate_is_calculated_and_the_plan_says_so(run: Run) -> None:
    words = ("plan", MODEL, *ARRIVING, *OBJECTIVES, *CARDS, "--rate", "1e9")
    note = "calculated, not simulated: 1,000,000,000 requests a second are more than the 200 that can be drawn; "

    code, out, _ = run(*words)
    assert code == 0
    assert f"\n# {note}plan for a part of the rate to see it simulated\n" in out
    assert json.loads(run(*words, "-o", "json")[1])["note"].startswith(note)
    unplayed = json.loads(run(*words, "-o", "json", "--no-play")[1])["note"]
    assert unplayed.startswith("refused as it is: spec.replicas: "), "nothing was to be simulated"
