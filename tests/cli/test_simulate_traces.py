"""Traces with errors: named with line and remedy, or repaired with a note."""

import gzip
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fairlead.cli import router_logs, trace_lines
from fairlead.cli.main import main
from fairlead.cli.simulate_traffic import TraceCut, TraceFile
from fairlead.simulator.traffic.arrivals import UnreadableTraffic

HEADER = "seconds,prompt_tokens,output_tokens\n"
MONDAY_EIGHT = 1_795_420_800.0
"""2026-11-23 08:00 UTC."""


@pytest.mark.parametrize(
    ("text", "because"),
    [
        (HEADER + "0,1,1\n5,nan,1\n", "line 3: prompt_tokens is nan, and must be a number"),
        (HEADER + "0,1,1\n5,-7,1\n", "line 3: prompt_tokens is -7, and must be between 0 and 10,000,000"),
        (HEADER + "0,1\n", "line 2: it has 2 fields, and the header 3"),
        ("time,prompt_tokens,output_tokens\n0,1,1\n", "its first line is of no known format"),
        (HEADER + "inf,1,1\n", "line 2: seconds is inf, and must be a number"),
        (HEADER + "0,1.5,1\n", "line 2: prompt_tokens is 1.5, and must be a whole number"),
    ],
)
def test_a_line_that_is_no_request_is_named_with_its_number(
    files: Path, text: str, because: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "bad.csv").write_text(text)
    assert main(["simulate", str(files / "fleet"), "--traffic", str(files / "bad.csv")]) == 2
    assert because in capsys.readouterr().err


def test_a_file_of_ten_gigabytes_is_refused_at_once_with_its_size_and_what_to_do(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (files / "huge.csv").open("wb") as huge:
        huge.write((HEADER + "0,1,1\n").encode())
        huge.truncate(10_000_000_000)
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "huge.csv")]
    assert main(words) == 2
    err = capsys.readouterr().err
    assert (
        "huge.csv: it has 10.0 GB, and at most 2 GB are read; cut it (`head`, `split`), or simulate its beginning"
        in err
    )


def test_the_beginning_of_a_long_file_is_played_and_the_rest_never_read(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (files / "huge.csv").open("wb") as huge:
        huge.write((HEADER + "0,800,5\n30,800,5\n90,1,1\n").encode())
        huge.truncate(10_000_000_000)
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "huge.csv"), "--until", "1m"]
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("huge.csv: 2 requests in 0.5 min")


def test_what_unpacks_without_end_is_stopped(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_lines, "MAX_BYTES", 100)
    monkeypatch.setattr(trace_lines, "LONGEST_LINE", 60)
    (files / "bomb.csv.gz").write_bytes(gzip.compress((HEADER + "0,1,1\n" * 30).encode()))
    (files / "line.csv").write_text(HEADER + "0" * 60)
    for name, because in (
        ("bomb.csv.gz", "line 12: 0.0 GB lie before it, and at most 2 GB are read"),
        ("line.csv", "line 2: it is longer than 60 characters"),
    ):
        assert main(["simulate", str(files / "fleet"), "--traffic", str(files / name), "--until", "1h"]) == 2
        assert because in capsys.readouterr().err


def test_access_lines_are_held_in_memory_so_there_may_be_fewer(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router_logs, "MAX_HELD_BYTES", 200)
    line = json.dumps({"time": "2026-11-20T18:15:09Z", "request_id": "a", "prompt_tokens": 9, "output_tokens": 2})
    (files / "access.log").write_text("\n".join([line] * 5))
    assert main(["simulate", str(files / "fleet"), "--traffic", str(files / "access.log")]) == 2
    assert "line 3: access lines are sorted in memory" in capsys.readouterr().err


def test_a_large_file_of_another_format_is_refused_by_its_beginning() -> None:
    lines = iter(["time,prompt,output\n"] + ["0,1,1\n"] * 100_000)
    with pytest.raises(UnreadableTraffic, match="its first line is of no known format"):
        router_logs.read(lines, None)
    assert sum(1 for _ in lines) == 100_001 - router_logs.MAX_BEFORE


def test_half_a_gzip_file_is_named(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = gzip.compress((HEADER + "".join(f"{number},1,1\n" for number in range(5000))).encode())
    for content in (packed[: len(packed) // 2], b"no gzip at all"):
        (files / "half.csv.gz").write_bytes(content)
        assert main(["simulate", str(files / "fleet"), "--traffic", str(files / "half.csv.gz")]) == 2
        assert "half.csv.gz: it is not a complete gzip file; copy or compress it again" in capsys.readouterr().err


def test_a_long_gap_in_a_trace_is_reported_and_may_be_cut(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "gap.csv").write_text(HEADER + "0,800,5\n60,800,5\n7260,800,5\n7290,800,5\n")
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "gap.csv")]
    assert main(words) == 0
    assert (
        "; no requests for 120 min after minute 1: if the recording was interrupted, set --longest-gap"
        in capsys.readouterr().out
    )
    assert main([*words, "--longest-gap", "2m"]) == 0
    assert capsys.readouterr().out.startswith("gap.csv: 4 requests in 3.5 min, 0.02 a second on average")


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("a,b,c\n1,2,3\n", "its first line is of no known format; a CSV begins with"),
        ("", "bad.csv: it is empty; a CSV begins with seconds,"),
        (" \n\n", "bad.csv: it is empty; a CSV begins with seconds,"),
        ('{"nobody": 1}\n', "its first line is of no known format"),
        (
            "seconds,prompt_tokens,output_tokens\n",
            "bad.csv: no request is left to simulate; it has none: give a file that has some\n",
        ),
        ("seconds,prompt_tokens,output_tokens\n0,1,1\nx,1,1\n", "line 3: seconds is x, and must be a number"),
        (
            "seconds,prompt_tokens,output_tokens\n0,1,1\n5,1,1\n3,1,1\n",
            "line 4: it came 2 s before the request above it; write the file in order of time",
        ),
    ],
)
def test_a_bad_trace_is_named_before_anything_is_played(
    files: Path, text: str, because: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "bad.csv").write_text(text)
    assert main(["simulate", str(files / "fleet"), "--traffic", str(files / "bad.csv")]) == 2
    err = capsys.readouterr().err
    assert "bad.csv: " in err
    assert because in err


def test_a_part_without_requests_is_reported_with_the_options_that_choose_it(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "short.csv").write_text(HEADER + "0,1,1\n30,1,1\n")
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "short.csv")]
    assert main([*words, "--since", "1h"]) == 2
    assert "no request is left to simulate; check --since and --until" in capsys.readouterr().err


def test_bytes_that_are_no_text_are_named(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "bad.csv").write_bytes(b"\xff\xfe\x00")
    assert main(["simulate", str(files / "fleet"), "--traffic", str(files / "bad.csv")]) == 2
    assert "it is not UTF-8 text" in capsys.readouterr().err


def test_clients_of_servegen_are_drawn_from_rates_and_the_lengths_beside_them(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = "t_s,client,rate_rps,cv,dist,shape,scale\n600,a,0.5,1,G,1,2\n1200,a,0.25,1,W,0.9,4\n"
    lengths = "t_s,client,field,mean,p0,p100\n0,a,input_tokens,800,800,800\n0,a,output_tokens,20,10,30\n"
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "mid-rates.csv.gz")]
    (files / "mid-rates.csv.gz").write_bytes(gzip.compress(rates.encode()))
    assert main(words) == 2
    assert "read with their lengths from mid-lengths.csv beside it" in capsys.readouterr().err

    (files / "mid-lengths.csv.gz").write_bytes(gzip.compress(lengths.encode()))
    assert main(words) == 0
    first = capsys.readouterr().out
    assert first.startswith("mid-rates.csv.gz: 450 requests in ")
    assert ", 800 prompt and " in first
    assert main(words) == 0
    assert capsys.readouterr().out == first, "the same files are the same traffic"


def test_a_spreadsheets_csv_is_read_with_its_byte_order_mark_and_blanks_in_the_header(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "\ufeffseconds, prompt_tokens, output_tokens\r\n0,800,5\r\n30,800,5\r\n"
    (files / "sheet.csv").write_bytes(text.encode())
    (files / "sheet.csv.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("sheet.csv", "sheet.csv.gz"):
        assert main(["simulate", str(files / "fleet"), "--traffic", str(files / name)]) == 0
        assert capsys.readouterr().out.startswith(f"{name}: 2 requests in 0.5 min")


def test_lines_of_cached_answers_are_left_out_and_counted(tmp_path: Path) -> None:
    line = {"time": "2026-11-20T18:15:09Z", "request_id": "a", "prompt_tokens": 9, "output_tokens": 2}
    (tmp_path / "access.log").write_text("\n".join(json.dumps(one) for one in (line, line | {"cache": "hit"})))
    found = TraceFile(path=tmp_path / "access.log", cut=TraceCut()).looked_through()

    assert found.words.endswith("tokens each; 1 request that the response cache answered left out")
    assert len(list(found.arrivals(16))) == 1


def test_a_log_as_the_router_wrote_it_is_read_and_what_is_no_request_counted(tmp_path: Path) -> None:
    entry = json.dumps({"time": "2026-11-20T18:15:09Z", "request_id": "a", "prompt_tokens": 9, "output_tokens": 2})
    own = "2026-11-20 18:15:04,699 INFO fairlead.router.process listening on 0.0.0.0:8080"
    log = tmp_path / "router.log"
    log.write_text("\n".join(("", own, own, entry, own, entry, "")))
    found = TraceFile(path=log, cut=TraceCut()).looked_through()

    assert found.words.startswith("router.log: 2 requests, 9 prompt"), "at one moment they have no rate"
    assert found.words.endswith("tokens each; 3 lines of the router about itself left out")

    log.write_text("\n".join((own, entry, own, '{"time": ')))
    with pytest.raises(UnreadableTraffic, match=r"router\.log: line 4: it is not JSON"):
        TraceFile(path=log, cut=TraceCut()).looked_through()
    log.write_text(f"{own}\n{own}\n")
    with pytest.raises(UnreadableTraffic, match="its first line is of no known format"):
        TraceFile(path=log, cut=TraceCut()).looked_through()


def test_lines_to_several_deployments_of_a_gateway_are_noted_and_one_of_them_may_be_chosen(tmp_path: Path) -> None:
    usual = {"time": "2026-11-20T18:15:09Z", "request_id": "a", "prompt_tokens": 9, "output_tokens": 2}
    entries = [usual | {"target": name} for name in ("team/chat", "team/big", "team/big")]
    log = tmp_path / "access.log"
    log.write_text("\n".join(json.dumps(one) for one in (*entries, usual)))

    every = TraceFile(path=log, cut=TraceCut()).looked_through().words
    assert every.startswith("access.log: 4 requests")
    assert every.endswith("; to 2 deployments, all simulated as one: --from infd/NAME takes those of one")
    one = TraceFile(path=log, cut=TraceCut(), target="team/chat").looked_through().words
    assert one.startswith("access.log: 2 requests"), "lines of a deployment's own routers name no target"
    assert one.endswith("tokens each; 2 requests to other deployments left out")


MOONCAKE = '{"timestamp": 0, "input_length": 600, "output_length": 2, "hash_ids": [1, 2]}\n' * 2
BATCH = json.dumps(
    {"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"prompt": "Hello, what is it?"}}
)


@pytest.mark.parametrize("text", [MOONCAKE, BATCH])
def test_a_pipe_that_would_be_read_twice_is_refused_with_what_to_do(tmp_path: Path, text: str) -> None:
    with piped(tmp_path, text) as pipe, pytest.raises(UnreadableTraffic) as refused:
        TraceFile(path=pipe, cut=TraceCut()).looked_through()
    assert str(refused.value) == (
        f"{pipe}: it is a pipe, and this trace is read more than once; write it to a file first"
    )


def test_a_pipe_of_plain_requests_is_read_once_and_played(tmp_path: Path) -> None:
    with piped(tmp_path, HEADER + "0,800,5\n30,800,5\n") as pipe:
        found = TraceFile(path=pipe, cut=TraceCut()).looked_through()
    assert len(list(found.arrivals(16))) == len(list(found.arrivals(16))) == 2


@contextmanager
def piped(folder: Path, text: str) -> Iterator[Path]:
    """Write this text once, to the first reader of a named pipe."""
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(text,), daemon=True)
    writer.start()
    yield pipe
    writer.join(10)


LINES = "\n".join(
    json.dumps({"time": f"2026-11-23T08:{minute}:00Z", "request_id": "a", "prompt_tokens": 9, "output_tokens": 2})
    for minute in ("20", "00", "10")
)
AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n2026-11-23 08:00:00.000000,9,2\n2026-11-23 08:10:00.000000,9,2\n"


@pytest.mark.parametrize(
    ("text", "cut", "began"),
    [
        (LINES, TraceCut(), MONDAY_EIGHT),
        (LINES, TraceCut(since=300.0), MONDAY_EIGHT + 600.0),
        (AZURE, TraceCut(), MONDAY_EIGHT),
        (f"{HEADER}{MONDAY_EIGHT},1,1\n{MONDAY_EIGHT + 60},1,1\n", TraceCut(), MONDAY_EIGHT),
        (f"{HEADER}7,1,1\n9,1,1\n", TraceCut(), None),
        (LINES, TraceCut(speed_up=2.0), None),
        (LINES, TraceCut(longest_gap=60.0), None),
    ],
)
def test_a_trace_has_the_date_of_its_first_played_request_while_its_times_are_real(
    tmp_path: Path, text: str, cut: TraceCut, began: float | None
) -> None:
    (tmp_path / "trace").write_text(text)
    found = TraceFile(path=tmp_path / "trace", cut=cut).looked_through()

    assert found.began == began
    assert next(found.arrivals(16)).time == 0.0
