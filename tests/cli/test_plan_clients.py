"""Which part of ServeGen's clients a plan plays: what can be drawn, and no more than a simulation takes."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from fairlead.backtest import drawn_traffic
from fairlead.cli import plan_clients
from fairlead.cli.simulate_inputs import SeededStreams
from tests.cli.conftest import Run
from tests.cli.test_plan import MODEL, OBJECTIVES
from tests.cli.test_plan_traces import clients

SHAPED = "t_s,client,rate_rps,dist,shape\n"


def lengths_since(rates: Path, start: int) -> None:
    """Let the lengths beside the rates begin later."""
    beside = rates.with_name("chat-lengths.csv")
    beside.write_text(beside.read_text().replace("\n0,", f"\n{start},"))


def test_windows_before_the_first_lengths_are_left_out_and_the_plan_says_so(run: Run, tmp_path: Path) -> None:
    rates = clients(tmp_path, f"{SHAPED}0,a,2.0,G,1\n600,a,2.0,G,1\n1200,a,2.0,G,1\n")
    lengths_since(rates, 600)
    words = ("plan", MODEL, *OBJECTIVES, "--product", "NVIDIA-L40S", "-o", "json", "--trace", str(rates))
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    assert json.loads(out)["played"]["traffic"] == (
        "chat-rates.csv: clients with their own bursts and lengths, drawn by 3 seeds, 20 min, from minute 10 on; "
        "its first 10 min, without lengths, are left out"
    )


def test_the_busiest_window_is_sought_among_those_with_lengths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_clients, "MAX_REQUESTS", 1000)
    rates = clients(tmp_path, f"{SHAPED}0,a,9.0,G,1\n600,a,2.0,G,1\n1200,a,3.0,G,1\n")
    lengths_since(rates, 600)
    busy = plan_clients.busiest(rates)
    assert busy is not None
    assert busy.words(rates, 3).endswith(
        "busiest 10 min, from minute 20 on; its first 10 min, without lengths, are left out"
    )


def test_rates_whose_lengths_all_come_later_are_drawn_as_traffic_of_their_rate(run: Run, tmp_path: Path) -> None:
    rates = clients(tmp_path, f"{SHAPED}0,a,2.0,G,1\n600,a,2.0,G,1\n")
    lengths_since(rates, 1200)
    words = ("plan", MODEL, *OBJECTIVES, "--product", "NVIDIA-L40S", "-o", "json", "--trace", str(rates))
    assert json.loads(run(*words)[1])["played"]["traffic"] == "traffic drawn by 3 seeds, 50 min each"


def test_of_a_window_with_more_requests_than_are_drawn_the_first_are_and_the_plan_says_so(tmp_path: Path) -> None:
    """As of other drawn traffic: more take minutes for each fleet and seed."""
    rates = clients(tmp_path, f"{SHAPED}0,a,2.0,G,1\n600,a,190.0,G,0.5\n")
    busy = plan_clients.busiest(rates)
    assert busy is not None
    assert busy.words(rates, 3) == (
        "chat-rates.csv: clients with their own bursts and lengths, drawn by 3 seeds, busiest 10 min, "
        "from minute 10 on, cut after 60,000 of 114,000 requests"
    )
    traffic = busy.drawn(SeededStreams(0))
    times = [one.time for one in traffic.arrivals(16)]
    assert len(times) == drawn_traffic.MAX_REQUESTS
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert traffic.seconds == times[-1] == pytest.approx(600 * 60 / 114, rel=0.1), "at the window's own rate"


def test_a_window_whose_drawn_requests_arrive_at_once_lasts_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client sends in bursts that almost no time separates."""
    monkeypatch.setattr(plan_clients, "MAX_DRAWN", 2)
    busy = plan_clients.busiest(clients(tmp_path, f"{SHAPED}0,a,2.0,W,0.006\n"))
    assert busy is not None
    traffic = busy.drawn(SeededStreams(0))
    assert [one.time for one in traffic.arrivals(16)] == pytest.approx([0.0, 0.0])
    assert traffic.seconds == plan_clients.MIN_S
