"""Logs of several routers as one record: the kubelet keeps another part of each, and a router may be a new one."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.cli import recorded_service
from fairlead.cluster.kinds import INFERENCE_DEPLOYMENT
from tests.cli.conftest import Run
from tests.cli.pretend_cluster import PretendCluster
from tests.cli.recorded_routers import line, log, objects, router, served

START_WORDS = (
    "; fleets that scale start with {}, as many as answered in the first 2 min, "
    "or the nearest number that they may have"
)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendCluster]:
    with served(tmp_path, monkeypatch) as cluster:
        yield cluster


def test_a_record_begins_where_the_logs_of_all_routers_do(cluster: PretendCluster, run: Run) -> None:
    """The kubelet turned over one router's log after four minutes: before it, half of the requests are gone."""
    router(cluster, "scaled-router-b", log(*(line(number) for number in range(481, 600, 2))))
    cluster.log_begins["scaled-router-b"] = "2026-11-20T18:04:00.5+00:00"
    code, out, err = run("simulate", "--from", "infd/scaled")
    assert (code, err) == (0, "")
    traffic, error, *_ = out.splitlines()
    assert traffic.startswith("infd-scaled.access-lines: 119 requests in 1.0 min, 2.02 a second on average")
    assert (
        "; from 2026-11-20T18:04:00Z on, since the kubelet kept no more of the log of router scaled-router-b: "
        "241 requests before it left out"
    ) in traffic
    assert " against 119 recorded streams" in error, "what is left out is not compared either"

    cluster.logs["scaled-router-b"] = log(line(0, target="team/other"))
    cluster.log_begins["scaled-router-b"] = "2026-11-20T19:00:00Z"
    code, _, err = run("simulate", "--from", "infd/scaled")
    assert code == 2
    assert "no request of team/scaled is left to play; from 2026-11-20T19:00:00Z on, since the kubelet" in err
    assert "give lines that were collected elsewhere with --traffic" in err


def test_a_router_without_traffic_and_a_server_without_dates_shorten_no_record(
    cluster: PretendCluster, run: Run
) -> None:
    router(cluster, "scaled-router-c", log())
    for undated in (b"INFO listening on 8080\n", b""):
        cluster.logs["scaled-router-d"] = undated
        router(cluster, "scaled-router-d", undated)
        cluster.log_begins["scaled-router-d"] = "2026-11-20 18:04"
        out = run("simulate", "--from", "infd/scaled")[1]
        assert out.startswith("infd-scaled.access-lines: 600 requests in 5.0 min")
        assert "left out" not in out.splitlines()[0]


def test_a_router_that_started_later_shortens_no_record_and_the_output_states_what_may_be_missing(
    cluster: PretendCluster, run: Run
) -> None:
    late = log(*(line(number) for number in range(481, 600, 2)))
    router(cluster, "scaled-router-b", late, started="2026-11-20T18:04:00Z")
    code, out, err = run("simulate", "--from", "infd/scaled")
    assert (code, err) == (0, "")
    assert out.startswith("infd-scaled.access-lines: 360 requests in 5.0 min")
    assert (
        "; router scaled-router-b started at 2026-11-20T18:04:00Z: if it was restarted or replaced another, its "
        "earlier requests are missing beside the 240 of others, which a shorter --since leaves out"
    ) in out.splitlines()[0]


def test_more_lines_than_are_read_are_refused_since_the_last_ones_would_be_missing(
    cluster: PretendCluster, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded_service, "MAX_BYTES", len(cluster.logs["scaled-router-a"]) - 100)
    code, _, err = run("simulate", "--from", "infd/scaled", "--since", "6h")
    assert code == 2
    assert "router scaled-router-a logged more than 0.0" in err
    assert "MB in the last 6 h, and its last lines would be missing: choose a shorter --since, or give lines" in err


def test_a_recorded_service_begins_with_the_replicas_that_then_answered(cluster: PretendCluster, run: Run) -> None:
    """Four answered at first; later ones, a refusal and one that only failed are none of them."""
    busy = [line(number, replica=f"scaled-{number % 4 if number < 240 else number % 6}") for number in range(600)]
    others = [line(3, replica="scaled-8", status=502), line(4, status=429)]
    cluster.logs |= {"scaled-router-a": log(*busy[::2], *others), "scaled-router-b": log(*busy[1::2])}
    code, out, err = run("simulate", "--from", "infd/scaled", "-o", "json", "--decisions")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert f"{START_WORDS.format('4 replicas')}; the routers' queue is played too" in found["traffic"]
    assert found["candidates"][0]["runs"][0]["decisions"][0]["from"] == 4

    for words in (("--start", "2"), ("--speed-up", "2")):
        out = run("simulate", "--from", "infd/scaled", *words)[1]
        assert "as many as answered" not in out, "what is chosen applies, and times that moved have no dates"
    for command in ("tune", "advise"):
        assert START_WORDS.format("4 replicas") in run(command, "--from", "infd/scaled")[1]


@pytest.mark.parametrize(("fixed", "most"), [(4, 4), (None, 2)])
def test_a_number_that_the_recording_shows_and_the_deployment_excludes_is_chosen_by_no_one(
    cluster: PretendCluster, run: Run, fixed: int | None, most: int
) -> None:
    """Three answered, of four written in spec.replicas, or of two that scaling now allows."""
    one = objects()["scaled"]
    spec = one["spec"] | ({"scaling": one["spec"]["scaling"] | {"maxReplicas": most}} if fixed is None else {})
    if fixed is not None:
        spec = {name: value for name, value in spec.items() if name != "scaling"} | {"replicas": fixed}
    cluster.put(INFERENCE_DEPLOYMENT, one | {"spec": spec})
    busy = [line(number, replica=f"scaled-{number % 3}") for number in range(600)]
    cluster.logs |= {"scaled-router-a": log(*busy[::2]), "scaled-router-b": log(*busy[1::2])}
    out = run("simulate", "--from", "infd/scaled")[1]
    assert START_WORDS.format("3 replicas") in out
    assert "at first instead of" not in out
    chosen = run("simulate", "--from", "infd/scaled", "--start", "3")[1]
    assert f"{most} replicas at first instead of 3, which spec.replicas or scaling excludes" in chosen
