"""A running service, simulated on what its routers logged: the current policy beside a candidate."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from fairlead.cli import recorded_latency
from fairlead.cluster.kinds import INFERENCE_DEPLOYMENT
from tests.cli.conftest import Run
from tests.cli.pretend_cluster import PretendCluster, not_current
from tests.cli.recorded_routers import line, log, objects, router, served

GATEWAY = {"gateway": {"name": "front"}}


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendCluster]:
    with served(tmp_path, monkeypatch) as cluster:
        yield cluster


def test_a_running_service_is_simulated_on_its_router_logs_and_the_model_error_is_reported(
    cluster: PretendCluster, run: Run
) -> None:
    code, out, err = run("simulate", "--from", "infd/scaled", "--since", "2h")
    assert (code, err) == (0, "")
    traffic, error, _, _, row, *_ = out.splitlines()
    assert traffic.startswith("infd-scaled.access-lines: 600 requests in 5.0 min, 2.00 a second on average")
    assert error.startswith(
        "model error, scaled, as it runs against 600 recorded streams: TTFT p50 0.1 s, simulated 0."
    )
    assert "; TPOT p50 20 ms, simulated " in error
    assert row.startswith("scaled, as it runs ")
    assert {one["sinceSeconds"] for one in cluster.log_queries} == {"7200"}
    assert len(cluster.log_queries) == 2


def test_streams_whose_clients_requested_no_usage_are_simulated_too(cluster: PretendCluster, run: Run) -> None:
    silent = {"prompt_tokens": None, "output_tokens": None, "prompt_tokens_estimated": 800, "e2e_ms": 2080.0}
    cluster.logs["scaled-router-b"] = log(*(line(number, **silent) for number in range(1, 600, 2)))
    _, out, _ = run("simulate", "--from", "infd/scaled")
    traffic = out.splitlines()[0]
    assert "600 requests" in traffic
    assert "800 prompt and 100 output tokens each" in traffic
    assert "; tokens of 300 streams estimated, since no usage was asked for" in traffic
    assert traffic.endswith("; the routers' queue is simulated too"), "which is what was recorded"


@pytest.mark.usefixtures("cluster")
def test_a_policy_alone_is_tried_on_the_running_service_and_a_deployment_beside_it(run: Run, tmp_path: Path) -> None:
    slower = objects()["chat"] | {"spec": {"objectives": {"ttftP95": "20s"}}}
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(slower))
    code, out, _ = run("simulate", str(tmp_path / "policy.yaml"), "--from", "scaled", "-n", "team", "-o", "json")
    assert code == 0
    assert [one["baseline"] for one in json.loads(out)["candidates"]] == [True, False], "what runs is to compare with"
    names = {one["name"]: one["objectives"]["ttftP95Seconds"] for one in json.loads(out)["candidates"]}
    assert names == {"scaled, as it runs": 2.0, "scaled, policy.yaml": 20.0}

    (tmp_path / "fixed.yaml").write_text(yaml.safe_dump(objects()["fixed"]))
    _, out, _ = run("simulate", str(tmp_path / "fixed.yaml"), "--from", "infd/scaled", "-o", "json")
    assert [one["name"] for one in json.loads(out)["candidates"]] == ["scaled, as it runs", "fixed"]


@pytest.mark.usefixtures("cluster")
def test_a_policy_without_a_namespace_is_tried_in_that_of_the_running_service(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "policy.yaml"
    slower = objects()["chat"] | {"metadata": {"name": "chat"}, "spec": {"objectives": {"ttftP95": "20s"}}}
    place.write_text(yaml.safe_dump(slower))
    out = run("simulate", str(place), "--from", "infd/scaled", "-o", "json")[1]
    names = {one["name"]: one["objectives"]["ttftP95Seconds"] for one in json.loads(out)["candidates"]}
    assert names == {"scaled, as it runs": 2.0, "scaled, policy.yaml": 20.0}

    beside = objects()["scaled"] | {"metadata": {"name": "scaled"}}
    place.write_text(yaml.safe_dump_all([beside, slower]))
    out = run("simulate", str(place), "--from", "infd/scaled", "-o", "json")[1]
    names = {one["name"]: one["objectives"]["ttftP95Seconds"] for one in json.loads(out)["candidates"]}
    assert names == {"scaled, as it runs": 2.0, "scaled": 20.0}


@pytest.mark.parametrize("command", ["simulate", "tune", "advise"])
@pytest.mark.parametrize("where", [{"name": "chatt", "namespace": "team"}, {"name": "chat", "namespace": "default"}])
@pytest.mark.usefixtures("cluster")
def test_a_policy_that_the_running_service_does_not_name_is_refused_instead_of_playing_its_own(
    run: Run, tmp_path: Path, command: str, where: dict[str, str]
) -> None:
    place = tmp_path / "policy.yaml"
    place.write_text(yaml.safe_dump(objects()["chat"] | {"metadata": where}))
    code, out, err = run(command, str(place), "--from", "infd/scaled")
    assert (code, out) == (2, "")
    given = f"{where['namespace']}/{where['name']}"
    assert f"{place}: its AutoscalingPolicy is {given}, and that of team/scaled is team/chat: correct metadata" in err


def test_a_policy_for_a_running_service_that_names_none_is_refused(
    cluster: PretendCluster, run: Run, tmp_path: Path
) -> None:
    fixed = objects()["scaled"] | {"spec": objects()["fixed"]["spec"]}
    cluster.put(INFERENCE_DEPLOYMENT, fixed)
    place = tmp_path / "policy.yaml"
    place.write_text(yaml.safe_dump(objects()["chat"]))
    code, _, err = run("simulate", str(place), "--from", "infd/scaled")
    assert (code, "is team/chat, and that of team/scaled is none" in err) == (2, True)
    place.write_text(yaml.safe_dump(objects()["chat"] | {"kind": "AutoscalingPolcy"}))
    assert "write kind: AutoscalingPolicy" in run("simulate", str(place), "--from", "infd/scaled")[2]


def test_replicas_start_as_slowly_as_those_that_run_did_unless_the_command_says_otherwise(
    cluster: PretendCluster, run: Run
) -> None:
    words = ("simulate", "--from", "infd/scaled", "--seeds", "2")
    assert "nothing is left to chance" in run(*words)[1], "no start was measured"
    old = {"name": "old", "replicas": 1, "coldStart": {"last": "900", "p95": "900"}}
    new = {
        "name": "new",
        "replicas": 3,
        "coldStart": {"last": "70.5", "p95": "95", "imagePull": "4.5", "nodeWait": "80"},
    }
    status = {"revisions": [new, old, {"name": "fresh"}]}
    cluster.put(INFERENCE_DEPLOYMENT, objects()["scaled"] | {"status": status})

    measured = run(*words)[1]
    assert "replicas start as this one's status says: 75 s, 95 % within 99.5 s; --cold-start says otherwise" in measured
    assert "by 2 seeds" in measured
    fixed = run(*words, "--cold-start", "30s")[1]
    assert "nothing is left to chance" in fixed
    assert "status says" not in fixed

    cluster.put(INFERENCE_DEPLOYMENT, objects()["scaled"] | {"status": {"revisions": [{"name": "new"}]}})
    assert "start as this one's status says" not in run(*words)[1]


@pytest.mark.usefixtures("cluster")
def test_a_policy_that_does_not_hold_fails_the_check_though_the_one_in_force_does(run: Run, tmp_path: Path) -> None:
    stricter = objects()["chat"] | {"spec": {"objectives": {"ttftP95": "1ms"}}}
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(stricter))
    assert run("simulate", "--from", "infd/scaled")[0] == 0
    assert run("simulate", str(tmp_path / "policy.yaml"), "--from", "infd/scaled")[0] == 1


def test_a_gateways_lines_are_taken_where_the_deployment_got_the_request(cluster: PretendCluster, run: Run) -> None:
    joined = objects()["scaled"]
    cluster.put(INFERENCE_DEPLOYMENT, joined | {"spec": joined["spec"] | GATEWAY})
    own = [line(number, target="team/scaled") for number in range(300)]
    others = [line(number, target="team/other") for number in range(50)]
    router(cluster, "front-a", log(*own, *others, "{broken", '{"request_id": 1'), gateway="front")
    code, out, _ = run("simulate", "--from", "infd/scaled")
    assert code == 0
    assert out.startswith("infd-scaled.access-lines: 300 requests")
    assert [one["sinceSeconds"] for one in cluster.log_queries] == ["86400"]


def test_copies_are_played_on_the_shadow_that_gets_them(cluster: PretendCluster, run: Run, tmp_path: Path) -> None:
    joined = objects()["scaled"]
    cluster.put(INFERENCE_DEPLOYMENT, joined | {"spec": joined["spec"] | GATEWAY})
    shadow = [line(number, target="team/scaled", copy="copy") for number in range(100)]
    other = [line(number, target="team/other", copy="copy") for number in range(50)]
    own = line(0, target="team/scaled")
    router(cluster, "front-a", log(own, *shadow, *other), gateway="front")
    code, out, err = run("simulate", "--from", "infd/scaled")
    assert (code, err) == (0, "")
    assert out.startswith("infd-scaled.access-lines: 101 requests")
    assert " against 101 recorded streams" in out

    (tmp_path / "gw.jsonl").write_bytes(log(own, *shadow, *other))
    (tmp_path / "scaled.yaml").write_text(yaml.safe_dump_all(objects().values()))
    out = run("simulate", str(tmp_path / "scaled.yaml"), "--traffic", str(tmp_path / "gw.jsonl"))[1]
    assert "; 150 copies of requests for shadows left out" in out.splitlines()[0]


def test_routers_that_have_no_log_yet_or_any_more_do_not_hide_the_lines_of_the_others(
    cluster: PretendCluster, run: Run
) -> None:
    cluster.meshed |= {"scaled-router-a", "scaled-router-b"}
    for name, status in (("scaled-router-0-starting", 400), ("scaled-router-c-gone", 404)):
        router(cluster, name, b"")
        cluster.without_logs[name] = status
    code, out, err = run("simulate", "--from", "infd/scaled")
    assert (code, err) == (0, "")
    assert out.startswith("infd-scaled.access-lines: 600 requests")

    cluster.without_logs |= {"scaled-router-a": 400, "scaled-router-b": 400}
    code, _, err = run("simulate", "--from", "infd/scaled")
    assert code == 2
    assert err == (
        "fairlead simulate: 4 of 4 routers have no log, as get pods/log team/scaled-router-0-starting: 400: container "
        '"router" in pod "scaled-router-0-starting" is waiting to start: ContainerCreating; give lines that were '
        "collected elsewhere with --traffic\n"
    )


@pytest.mark.usefixtures("cluster")
def test_lines_that_were_collected_elsewhere_are_played_on_what_runs(run: Run, tmp_path: Path) -> None:
    rows = [f"{number / 4},800,100" for number in range(400)]
    (tmp_path / "week.csv").write_text("\n".join(["seconds,prompt_tokens,output_tokens", *rows]))
    code, out, _ = run("simulate", "--from", "infd/scaled", "--traffic", str(tmp_path / "week.csv"))
    assert code == 0
    assert out.startswith("week.csv: 400 requests")
    assert "model error" not in out


@pytest.mark.usefixtures("cluster")
def test_another_cluster_of_the_kubeconfig_is_read_by_its_context(run: Run, tmp_path: Path) -> None:
    not_current(tmp_path / "kubeconfig")
    assert run("simulate", "--from", "infd/scaled", "--context", "here", "--until", "1m")[0] == 0
    rows = [f"{number / 4},800,100" for number in range(100)]
    (tmp_path / "week.csv").write_text("\n".join(["seconds,prompt_tokens,output_tokens", *rows]))
    collected = ("--traffic", str(tmp_path / "week.csv"))
    assert run("simulate", "--from", "infd/scaled", "--context", "here", *collected)[0] == 0
    code, out, err = run("simulate", "--from", "infd/scaled", *collected)
    assert (code, out, "127.0.0.1:1" in err) == (2, "", True)


@pytest.mark.usefixtures("cluster")
def test_of_a_gateways_collected_lines_those_of_the_running_deployment_are_played(run: Run, tmp_path: Path) -> None:
    own = [line(number, target="team/scaled") for number in range(0, 400, 4)]
    others = [line(number, target="team/big") for number in range(1, 400, 2)]
    (tmp_path / "gw.jsonl").write_bytes(log(*own, *others))
    code, out, _ = run("simulate", "--from", "infd/scaled", "--traffic", str(tmp_path / "gw.jsonl"))
    assert code == 0
    assert out.startswith("gw.jsonl: 100 requests in 3.3 min")
    assert "; 1 line of the router about itself left out; 200 requests to other deployments left out" in out


@pytest.mark.usefixtures("cluster")
def test_advice_and_tuning_take_what_runs_too(run: Run) -> None:
    code, out, err = run("advise", "--from", "infd/scaled", "-o", "json")
    assert (code in (0, 1), err) == (True, "")
    assert json.loads(out)
    code, out, err = run("tune", "--from", "infd/scaled", "--jobs", "1", "-o", "json")
    assert (code in (0, 1), err) == (True, "")
    assert json.loads(out)["policy"] == "chat"


def test_a_service_or_log_that_is_not_available_is_reported_with_what_to_do(cluster: PretendCluster, run: Run) -> None:
    code, _, err = run("simulate")
    assert (code, "no FILE with --traffic TRACE, and no --from infd/NAME" in err) == (2, True)
    code, _, err = run("simulate", "--from", "infd/none")
    assert (code, "there are: scaled" in err) == (2, True)
    assert run("simulate", "--from", "pod/scaled")[0] == 2

    cluster.logs.update({"scaled-router-a": log(), "scaled-router-b": b"no line ends"})
    code, _, err = run("simulate", "--from", "infd/scaled", "--since", "30m")
    assert (code, "2 routers of team/scaled logged no request of it in the last 0.5 h" in err) == (2, True)

    del cluster.logs["scaled-router-a"]
    code, _, err = run("simulate", "--from", "infd/scaled")
    assert (code, "get pods/log team/scaled-router-a: 403" in err) == (2, True)

    silent = objects()["fixed"]
    cluster.put(INFERENCE_DEPLOYMENT, silent)
    code, _, err = run("simulate", "--from", "infd/fixed")
    assert (code, "team/fixed has no router" in err) == (2, True)
    silent["spec"]["router"] = {"accessLog": {"enabled": False}}
    cluster.put(INFERENCE_DEPLOYMENT, silent)
    code, _, err = run("simulate", "--from", "infd/fixed")
    assert (code, "remove spec.router.accessLog.enabled: false" in err) == (2, True)


def test_only_streams_that_an_engine_answered_say_how_long_engines_take() -> None:
    few = [line(number).encode() for number in range(19)]
    strange = [
        line(19, cache="hit"),
        line(20, status=499),
        line(21, cut=True),
        json.dumps({"status": 200}),
    ]
    assert recorded_latency.of_lines([*few, *(one.encode() for one in strange)]) is None
    found = recorded_latency.of_lines([*few, line(19, ttft_ms=2000.0).encode()])
    assert found is not None
    assert (found.streams, found.ttft_p50, found.tpot_p50) == (20, 0.1, 0.02)
    assert 0.1 < found.ttft_p95 < 2.0


def test_the_model_error_is_of_the_requests_that_were_played(cluster: PretendCluster, run: Run) -> None:
    """Streams are slow only in the minutes that --until leaves out."""
    slow = (line(number, ttft_ms=5000.0) for number in range(120, 600, 2))
    cluster.logs["scaled-router-a"] = log(*(line(number) for number in range(0, 120, 2)), *slow)
    words = ("simulate", "--from", "infd/scaled")
    error = run(*words, "--until", "1m")[1].splitlines()[1]

    assert error.startswith(
        "model error, scaled, as it runs against 120 recorded streams: TTFT p50 0.1 s, simulated 0."
    )
    assert "TTFT p95 0.1 s, simulated 0." in error
    assert run(*words, "--speed-up", "2")[1].splitlines()[1] == recorded_latency.OTHER_TRAFFIC
    assert run(*words, "--longest-gap", "10m")[1].splitlines()[1] == recorded_latency.OTHER_TRAFFIC
