"""Traces that would be played without end, or not as they were meant: refused before anything is played."""

import json
from pathlib import Path

import pytest

from fairlead.cli import client_mixes
from fairlead.cli.simulate_traffic import TraceCut, TraceFile
from fairlead.simulator.traffic.arrivals import UnreadableTraffic
from tests.cli.conftest import Run

HEADER = "seconds,prompt_tokens,output_tokens\n"
DAY = 86_400
LINE = {"request_id": "a", "prompt_tokens": 9, "output_tokens": 2}
BATCH = {"method": "POST", "url": "/v1/completions", "body": {"prompt": "Hello, what is it?"}}


def refused(path: Path, text: str, cut: TraceCut | None = None, window_s: float = 0.0) -> str:
    path.write_text(text)
    with pytest.raises(UnreadableTraffic) as problem:
        TraceFile(path=path, cut=cut or TraceCut(), window_s=window_s).looked_through()
    return str(problem.value)


def test_a_time_that_is_missing_among_dates_is_refused_and_a_shortened_gap_is_played(tmp_path: Path) -> None:
    text = HEADER + "0,1,1\n1700000000,1,1\n1700000060,1,1\n"
    assert refused(tmp_path / "mixed.csv", text) == (
        f"{tmp_path / 'mixed.csv'}: request 2 comes 19,676 days after the one before it, and at most 30 are simulated; "
        "correct its time, or let `fairlead simulate --longest-gap 1h` shorten it"
    )
    short = TraceFile(path=tmp_path / "mixed.csv", cut=TraceCut(longest_gap=3600.0)).looked_through()
    assert short.seconds == 3660.0


def test_a_wrong_year_in_one_access_line_is_refused(tmp_path: Path) -> None:
    lines = [json.dumps(LINE | {"time": f"{year}-11-20T18:15:09Z"}) for year in (2026, 9999, 2026)]
    assert "request 3 comes 2,912," in refused(tmp_path / "access.log", "\n".join(lines))


def test_more_than_a_years_traffic_is_played_in_parts(tmp_path: Path) -> None:
    text = HEADER + "".join(f"{day * DAY},1,1\n" for day in range(0, 500, 10))
    whole = refused(tmp_path / "years.csv", text)
    assert whole.endswith("it lasts 490 days, and at most 400 are simulated; take a part of it (--until 30d)")
    part = TraceFile(path=tmp_path / "years.csv", cut=TraceCut(until=30.0 * DAY)).looked_through()
    assert part.seconds == 20 * DAY


def test_milliseconds_in_a_column_of_seconds_are_refused_with_their_line(tmp_path: Path) -> None:
    text = HEADER + "0,1,1\n1700000000000,1,1\n"
    assert (
        "line 3: seconds is 1700000000000, more than 1e+11, as milliseconds are; divide them by 1,000, or by 1,000,000 "
        "if they are microseconds" in refused(tmp_path / "ms.csv", text)
    )


def test_a_window_is_refused_where_requests_have_times_of_their_own(tmp_path: Path, files: Path, run: Run) -> None:
    because = "its requests have times of their own, and --window is for OpenAI's batch files"
    assert because in refused(tmp_path / "plain.csv", HEADER + "0,1,1\n", window_s=3600.0)

    code, _, err = run("simulate", str(files / "fleet"), "--from", "infd/chat", "--window", "1h")
    assert code == 2
    assert "--window 1h: it spreads the requests of --traffic BATCH, which is not given" in err


def test_the_beginning_of_a_batch_shows_its_assumed_replies_too(tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join(json.dumps(BATCH | {"custom_id": str(number)}) for number in range(4)))
    for until, assumed in ((float("inf"), 4), (1900.0, 3)):
        found = TraceFile(path=batch, cut=TraceCut(until=until), window_s=3600.0).looked_through()
        assert f" ({assumed} without a limit: 256)" in found.words


def clients(folder: Path, *rows: str) -> Path:
    lines = ["t_s,client,field,p0,p100"]
    lines += [f"0,a,{field},10,30" for field in ("input_tokens", "output_tokens")]
    (folder / "sg-lengths.csv").write_text("\n".join(lines))
    (folder / "sg-rates.csv").write_text("\n".join(["t_s,client,rate_rps,dist,shape", *rows]))
    return folder / "sg-rates.csv"


@pytest.mark.parametrize(
    ("second", "because"),
    [(0, "its window begins at 0 s, and the one above it at 600 s lasts 600 s"), (660, "its window begins at 660 s")],
)
def test_windows_of_rates_that_overlap_or_go_back_are_refused_with_their_line(
    tmp_path: Path, second: int, because: str
) -> None:
    rates = clients(tmp_path, "600,a,0.5,G,1", "600,b,0.5,G,1", f"{second},a,0.5,G,1")
    with pytest.raises(UnreadableTraffic) as problem:
        TraceFile(path=rates, cut=TraceCut()).looked_through()
    assert f"sg-rates.csv: rates: line 4: {because}" in str(problem.value)


def test_no_more_requests_are_drawn_from_rates_than_can_be_played_and_none_before_the_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_mixes, "MAX_DRAWN", 700)
    rates = clients(tmp_path, *(f"{start},a,0.5,G,1" for start in range(0, 6000, 600)))
    with pytest.raises(UnreadableTraffic) as problem:
        TraceFile(path=rates, cut=TraceCut()).looked_through()
    assert str(problem.value).endswith("and no more are drawn; take a part of it, such as --until 1h")

    late = TraceFile(path=rates, cut=TraceCut(since=4800.0)).looked_through()
    assert late.words.startswith("sg-rates.csv: 600 requests in ")
