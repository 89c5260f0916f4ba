"""Weeks without logs, from a Prometheus: drawn from rates and mean lengths, and simulated on what runs."""

import base64
import html
import itertools
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from fairlead.cli.prometheus_traffic import TOKEN, RouterHistory
from fairlead.cluster.kinds import AUTOSCALING_POLICY, INFERENCE_DEPLOYMENT
from fairlead.objects import names
from tests.cli.conftest import Run
from tests.cli.pretend_cluster import PretendCluster, running
from tests.cli.recorded_routers import objects

HOST = "127.0.0.46"


class Kept:
    """Answers range queries: a constant rate in the second half of the time, and lengths while requests come."""

    def __init__(self) -> None:
        self.url = ""
        self.rate = 2.0
        self.hits = 0.0
        """A second, of a gateway's response cache."""
        self.lacks = range(0)
        """Steps for which it has no value, since it was down."""
        self.queries: list[str] = []
        self.tokens: set[str | None] = set()

    def answer(self, query: dict[str, list[str]]) -> object:
        (promql,), (start,), (end,), (step,) = (query[name] for name in ("query", "start", "end", "step"))
        self.queries.append(promql)
        count = int((float(end) - float(start)) / float(step)) + 1
        moments = [float(start) + place * float(step) for place in range(count)]
        values = [[one, self._value(promql, place >= count / 2)] for place, one in enumerate(moments)]
        values = [one for place, one in enumerate(values) if place not in self.lacks]
        return {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}}

    def _value(self, promql: str, busy: bool) -> str:
        if "cache_lookups" in promql:
            return str(self.hits) if busy else "NaN"
        if " / " not in promql:
            return str(self.rate if busy else 0.0)
        mean = "800" if "prompt_tokens" in promql else "100"
        return mean if busy and self.rate else "NaN"


@pytest.fixture
def kept() -> Iterator[Kept]:
    given = Kept()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given.tokens.add(self.headers["authorization"])
            body = json.dumps(given.answer(parse_qs(urlsplit(self.path).query))).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Suppress the log."""

    server = ThreadingHTTPServer((HOST, 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    given.url = f"http://{HOST}:{server.server_address[1]}"
    try:
        yield given
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendCluster]:
    with running(tmp_path) as (cluster, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        monkeypatch.setenv(TOKEN, "hush")
        cluster.put(INFERENCE_DEPLOYMENT, objects()["scaled"])
        cluster.put(AUTOSCALING_POLICY, objects()["chat"])
        yield cluster


@pytest.mark.usefixtures("cluster")
def test_the_requests_of_the_last_hour_are_drawn_and_played_on_what_runs(run: Run, kept: Kept) -> None:
    words = ("simulate", "--from", "infd/scaled", "--prometheus", kept.url, "--since", "1h")
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    assert out.startswith("infd-scaled drawn from rates of 120 s: 3,")
    assert "\nscaled, as it runs " in out
    promql = '{namespace="team",pod=~"scaled-router-[a-z0-9]+-[a-z0-9]+"}[120s]'
    assert kept.queries[0] == f"sum(rate(fairlead_router_arrivals_total{promql}))"
    assert kept.queries[1].startswith(f"sum(rate(fairlead_router_prompt_tokens_total{promql})) / sum(rate(")
    assert kept.tokens == {"Bearer hush"}


@pytest.mark.usefixtures("cluster")
def test_the_password_of_an_address_is_sent_and_is_in_no_report_and_no_message(
    run: Run, kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN)
    address, report = kept.url.replace("://", "://me:hu@sh@"), tmp_path / "report.html"
    words = ("simulate", "--from", "infd/scaled", f"--prometheus={address}", "--since", "1h", "--html", str(report))
    code, _, err = run(*words)
    assert (code, err) == (0, f"fairlead simulate: the report is in {report}\n")
    assert kept.tokens == {f"Basic {base64.b64encode(b'me:hu@sh').decode()}"}
    assert f"--prometheus={kept.url.replace('://', '://***@')} --since 1h" in html.unescape(report.read_text()).replace(
        "'", ""
    )
    assert "sh@" not in report.read_text()
    kept.rate = 0.0
    code, _, err = run(*words)
    assert (code, "://***@127.0.0.46:" in err, "sh@" in err) == (2, True, False)


def test_drawn_requests_have_the_kept_rate_and_the_kept_means(kept: Kept, tmp_path: Path) -> None:
    history = RouterHistory(url=kept.url, namespace="team", name="scaled", seconds=86400.0)
    rows = [line.split(",") for line in history.write(tmp_path).read_text().splitlines()[1:]]
    assert len(rows) == pytest.approx(86400, rel=0.02), "two a second for half a day"
    assert sum(int(one[1]) for one in rows) / len(rows) == pytest.approx(800, rel=0.02)
    assert sum(int(one[2]) for one in rows) / len(rows) == pytest.approx(100, rel=0.02)
    assert RouterHistory(url="", namespace="", name="", seconds=30 * 86400.0).step == 519, "few enough for one answer"


def test_the_routers_of_a_long_name_are_found_under_the_shortened_name_of_their_pods(
    kept: Kept, tmp_path: Path
) -> None:
    name = "llama-3-1-70b-instruct-fp8-production-eu"
    RouterHistory(url=kept.url, namespace="team", name=name, seconds=3600.0).write(tmp_path)
    pod = f"{names.router(name)}-5c8f9d7b44-x2x7q"
    (pattern,) = {query.partition('pod=~"')[2].partition('"')[0] for query in kept.queries}
    assert re.fullmatch(pattern, pod)


@pytest.mark.usefixtures("cluster")
def test_less_time_than_one_step_of_rates_is_refused_with_the_least(run: Run, kept: Kept) -> None:
    code, _, err = run("simulate", "--from", "infd/scaled", "--prometheus", kept.url, "--since", "1m")
    assert (code, kept.queries) == (2, [])
    assert "--since 1m: --prometheus has rates of 120 s or more" in err
    assert "choose 2m or more" in err
    run("simulate", "--from", "infd/scaled", "--prometheus", kept.url, "--since", "2m")
    assert len(kept.queries) == 3


def test_hours_in_which_prometheus_was_down_stay_without_requests_and_the_rest_stays_at_its_date(
    kept: Kept, tmp_path: Path
) -> None:
    kept.lacks = range(400, 600)
    history = RouterHistory(url=kept.url, namespace="team", name="scaled", seconds=86400.0)
    file = history.write(tmp_path)
    times = [float(line.partition(",")[0]) for line in file.read_text().splitlines()[1:]]

    assert file.name == "infd-scaled drawn from rates of 120 s, 200 of 720 steps without data"
    longest = max(later - one for one, later in itertools.pairwise(times))
    assert longest == pytest.approx(200 * 120, abs=60)
    assert times[-1] == pytest.approx(file.stat().st_mtime, abs=60)
    assert times[-1] - times[0] == pytest.approx(43_200, abs=60)


@pytest.mark.usefixtures("cluster")
def test_requests_that_prometheus_cannot_supply_are_reported(run: Run, kept: Kept) -> None:
    kept.rate = 0.0
    code, _, err = run("simulate", "--from", "infd/scaled", "--prometheus", kept.url)
    assert (code, "no request of team/scaled in the last 24 h; does it scrape the routers" in err) == (2, True)
    code, _, err = run("simulate", "--from", "infd/scaled", "--prometheus", "http://127.0.0.47:9")
    assert (code, "is it the address of its API?" in err) == (2, True)
    code, _, err = run("simulate", "--prometheus", kept.url)
    assert (code, "it supplies the requests of the routers of --from infd/NAME" in err) == (2, True)


def test_of_a_gateways_routers_the_deployments_own_requests_are_taken(
    cluster: PretendCluster, run: Run, kept: Kept
) -> None:
    joined = objects()["scaled"]
    gateway = {"name": "front", "namespace": "doors"}
    cluster.put(INFERENCE_DEPLOYMENT, joined | {"spec": joined["spec"] | {"gateway": gateway}})
    words = ("simulate", "--from", "infd/scaled", "--prometheus", kept.url, "--since", "1h")
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    assert out.startswith("infd-scaled drawn from rates of 120 s: "), "its cache answered nothing"
    of = 'namespace="doors",pod=~"front-gateway-[a-z0-9]+-[a-z0-9]+",target="team/scaled"'
    assert kept.queries[0] == f"sum(rate(fairlead_router_target_requests_total{{{of}}}[120s]))"
    assert f'target_requests_total{{{of},code="2xx"}}' in kept.queries[1]
    pods = of.partition(",target")[0]
    assert kept.queries[3] == f'sum(rate(fairlead_router_cache_lookups_total{{{pods},result=~"hit|joined"}}[120s]))'

    kept.hits = 0.5
    out = run(*words)[1]
    assert out.startswith(
        "infd-scaled drawn from rates of 120 s, with up to 900 requests that the gateway's response cache answered: 3,"
    )
