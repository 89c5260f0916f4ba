"""What logs, metrics and traces cost a router, also over a long life. `python -m bench.router_observability`.

Times are CPU time of this thread, the minimum of many rounds, since others may use the machine; lag is wall time. The
soak changes revisions as rollouts do, uses unknown models as clients do, and traces into a collector that does not
answer.
"""

import argparse
import asyncio
import gc
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from timeit import repeat
from typing import Final

import uvloop
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from fairlead.fleet.endpoints import EndpointState
from fairlead.fleet.gateways import RequestTelemetry
from fairlead.fleet.tenants import Lane, Tenant
from fairlead.router.observability import outputs
from fairlead.router.observability.outputs import ObservabilityOptions
from fairlead.router.observability.recorder import TelemetryRecorder
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.observability.snapshot import RouterSnapshot
from fairlead.routing.accounts import Account
from fairlead.routing.endpoint import Endpoint, EndpointSample
from fairlead.routing.reasons import PickReason
from fairlead.routing.routing_request import RoutingRequest

HOST: Final = "127.0.0.30"
TENANTS: Final = 100
REPLICAS: Final = 20
ROUNDS: Final = 100
T0: Final = 1000.0
COLLECTOR: Final = """
import http.server, sys
class Takes(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer((sys.argv[1], 0), Takes)
print(server.server_port, flush=True)
server.serve_forever()
"""

SHOPS: Final = [Account(tenant=Tenant(name=f"tenant-{number}", keys=())) for number in range(TENANTS)]
PODS: Final = [
    Endpoint(
        pod=f"chat-7d4f9c-{number:05d}",
        address=f"10.0.0.{number}:8000",
        slot=number,
        revision="7d4f9c",
        state=EndpointState.ROUTABLE,
        sample=EndpointSample(at=T0, running=3.0, waiting=1.0, kv_usage=0.5),
    )
    for number in range(REPLICAS)
]


def chosen_request(account: Account, lane: Lane = Lane.INTERACTIVE) -> RoutingRequest:
    """A request routed to a replica for its cached prefix."""
    one = RoutingRequest(account=account, prompt_tokens=130, max_output_tokens=100, arrived=T0, blocks=(1, 2, 3, 4))
    one.pick, one.held_blocks, one.lane = PickReason.PREFIX, 3, lane
    return one


def begun(recorder: TelemetryRecorder, one: RoutingRequest, pod: Endpoint, model: str = "chat") -> RequestRecord:
    """Record a stream up to its end, as the data plane does."""
    record = recorder.began(T0)
    if recorder.tracing:
        recorder.traced(record, None)
    record.surface, record.request_id, record.client = "chat", "9f86d081-000000012345", "10.0.3.17"
    record.model, record.stream, record.tenant, record.band = model, True, one.account.name, "gold"
    record.prompt_estimate, record.bytes_in = 128, 734
    recorder.needs_engine(record, T0 + 0.0001)
    record.sent(one, pod, T0 + 0.0002)
    record.first_token_at = T0 + 0.031
    record.prompt_tokens, record.output_tokens, record.cached_tokens = 130, 64, 96
    record.finish_reason, record.bytes_out, record.status = "stop", 12_345, 200
    return record


def recorder_of(log: str | None, endpoint: str | None = None, share: float = 0.0) -> TelemetryRecorder:
    """A recorder that writes lines to a file, and traces to a collector."""
    telemetry = RequestTelemetry(access_log=log is not None, otlp_endpoint=endpoint, trace_share=share)
    bits = random.Random(1).getrandbits  # noqa: S311 - a benchmark repeats
    return TelemetryRecorder(
        outputs.open_outputs(ObservabilityOptions(wall=time.time, bits=bits, access_log=log)), telemetry, ["chat"], T0
    )


def least(act: Callable[[], object], times: int = 500) -> float:
    """Microseconds of CPU time, in the quietest of many rounds."""
    return 1e6 * min(repeat(act, number=times, repeat=ROUNDS, timer=time.thread_time)) / times


def requests(folder: Path) -> None:
    """Print what one request costs, step by step."""
    one, pod = chosen_request(SHOPS[0]), PODS[0]
    for name, recorder in (
        ("counts alone", recorder_of(None)),
        ("and an access line", recorder_of(str(folder / "access.log"))),
        ("and a trace of one in twenty", recorder_of(str(folder / "access.log"), f"http://{HOST}:9", 0.05)),
    ):
        filled = least(lambda of=recorder: begun(of, one, pod))  # type: ignore[misc]  # bound at once
        whole = least(lambda of=recorder: of.ended(begun(of, one, pod), T0 + 1.3))  # type: ignore[misc]
        print(f"{name:<32} {filled:>6.2f} us to fill in, {whole:>6.2f} us in all")
        recorder.close(0.1)


class Parsed(Collector):
    """The same page as prometheus_client's own objects."""

    def __init__(self, page: bytes) -> None:
        self._families = list(text_string_to_metric_families(page.decode()))

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)


def scrape() -> None:
    """Print what a scrape costs with every tenant and replica on the page."""
    recorder = recorder_of(None)
    for account in SHOPS:
        for lane in Lane:
            for pod in PODS[:2]:
                recorder.ended(begun(recorder, chosen_request(account, lane), pod), T0 + 1.3)
    page = recorder.page(RouterSnapshot(endpoints=PODS, accounts=SHOPS))
    ours = least(lambda: recorder.page(RouterSnapshot(endpoints=PODS, accounts=SHOPS)), times=3) / 1e3
    registry = CollectorRegistry()
    registry.register(Parsed(page))
    theirs = least(lambda: generate_latest(registry), times=1) / 1e3
    print(f"a page of {TENANTS} tenants and {REPLICAS} replicas: {len(page) / 1e3:.0f} kB, {ours:.1f} ms;", end=" ")
    print(f"prometheus_client: {theirs:.1f} ms")


@contextmanager
def collector() -> Iterator[str]:
    """Run one in its own process, so that it takes nothing from ours."""
    with subprocess.Popen([sys.executable, "-c", COLLECTOR, HOST], stdout=subprocess.PIPE, text=True) as there:
        assert there.stdout is not None
        try:
            yield f"http://{HOST}:{there.stdout.readline().strip()}"
        finally:
            there.terminate()


async def lags(recorder: TelemetryRecorder, seconds: float, rate: int) -> list[float]:
    """How late a loop wakes that is due each millisecond and ends `rate` traced requests a second."""
    late, one, due, ended = [], chosen_request(SHOPS[0]), time.monotonic(), 0
    begin = due
    while due < begin + seconds:
        due += 0.001
        await asyncio.sleep(max(due - time.monotonic(), 0.0))
        now = time.monotonic()
        late.append(now - due)
        while ended < rate * (now - begin):
            recorder.ended(begun(recorder, one, PODS[0]), T0 + 1.3)
            ended += 1
    return sorted(late)


def neighbour(seconds: float) -> None:
    """Print what the exporting thread does to the loop beside it."""
    with collector() as url:
        for name, recorder in (("no tracing", recorder_of(None)), ("500 traces/s", recorder_of(None, url, 1.0))):
            late = uvloop.run(lags(recorder, seconds, 500))
            entries = [1e3 * late[int(share * (len(late) - 1))] for share in (0.5, 0.99, 1.0)]
            recorder.close(10.0)
            lines = [line for line in recorder.page(RouterSnapshot()).decode().splitlines() if "traces_total{" in line]
            print(
                f"loop's lag, {name:<14} p50 {entries[0]:.2f} ms, p99 {entries[1]:.2f} ms, most {entries[2]:.1f} ms",
                *lines,
            )


def rss_mib() -> float:
    """Resident memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def soak(folder: Path, count: int) -> None:
    """A long life: rollouts, unknown model names, a collector that does not answer, a growing file."""
    recorder, chance = recorder_of(str(folder / "soak.log"), f"http://{HOST}:9", 0.05), random.Random(2)  # noqa: S311
    routing_requests = [chosen_request(account, lane) for account in SHOPS for lane in Lane]
    sizes = []
    for number in range(count):
        pod = PODS[number % REPLICAS]
        pod.revision = f"r{number * 1000 // count}"
        record = begun(
            recorder, chance.choice(routing_requests), pod, model=f"m{number}" if number % 50 == 0 else "chat"
        )
        recorder.ended(record, T0 + number / 1000)
        if number % 250 == 0:
            recorder.swept(T0 + number / 1000, T0 + number / 1000)
        if number % (count // 8) == 0:
            recorder.page(RouterSnapshot(endpoints=PODS, accounts=SHOPS))
            gc.collect()
            sizes.append(rss_mib())
    recorder.close(10.0)
    page = recorder.page(RouterSnapshot(endpoints=PODS, accounts=SHOPS))
    counters = recorder.counts
    lines = page.decode().splitlines()
    print(
        f"after {count:,} requests in 1,000 revisions: {len(counters.series)} series, "
        f"{len(counters.spenders)} spenders,"
    )
    print(f"a page of {len(page) / 1e6:.1f} MB, RSS in eighths: {' '.join(f'{one:.1f}' for one in sizes)} MiB")
    print(*(line for line in lines if line.startswith(("fairlead_router_access_lines", "fairlead_router_traces"))))


def main() -> int:
    """Run all four."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000, help="of the soak")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run beside an exporter")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        requests(Path(name))
        scrape()
        neighbour(options.seconds)
        soak(Path(name), options.requests)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
