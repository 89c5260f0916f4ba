"""Requests and their records: short names for the few facts that a test needs."""

from dataclasses import dataclass, replace
from random import Random
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from fairlead.fleet.gateways import RequestTelemetry
from fairlead.fleet.tenants import Tenant
from fairlead.router.observability.log_writer import AccessLogWriter
from fairlead.router.observability.recorder import TelemetryOutputs, TelemetryRecorder
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.observability.snapshot import RouterSnapshot
from fairlead.router.observability.spans import SpanRing
from fairlead.routing.accounts import Account
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.reasons import PickReason
from fairlead.routing.routing_request import RoutingRequest

T0: Final = 1000.0
WALL: Final = 1_800_000_000.25
"""What the wall's clock shows at `T0`: 2027-01-15T08:00:00.250Z."""
Samples = dict[str, float]


@dataclass(slots=True)
class Wall:
    """A clock that moves only when told to."""

    now: float = WALL

    def __call__(self) -> float:
        return self.now


def recorder_of(
    *,
    models: tuple[str, ...] = ("chat",),
    lines: AccessLogWriter | None = None,
    spans: SpanRing | None = None,
    telemetry: RequestTelemetry = RequestTelemetry(),  # noqa: B008 - frozen
) -> TelemetryRecorder:
    """A recorder at `T0`, for these outputs."""
    ways = TelemetryOutputs(
        wall=Wall(),
        bits=Random(7).getrandbits,  # noqa: S311 - repeatable
        lines=None if lines is None else lambda: lines,
        spans=None if spans is None else lambda _: spans,
    )
    request_telemetry = telemetry if spans is None else replace(telemetry, otlp_endpoint="http://somewhere")
    return TelemetryRecorder(ways, request_telemetry, models, T0)


def replica(pod: str = "chat-1", revision: str = "r1") -> Endpoint:
    return Endpoint(pod=pod, address="10.0.0.1:8000", slot=0, revision=revision)


def routed_request(pick: PickReason = PickReason.PREFIX, blocks: int = 4, held: int = 3) -> RoutingRequest:
    one = RoutingRequest(
        account=Account(tenant=Tenant(name="shop", keys=())), prompt_tokens=100, max_output_tokens=50, arrived=T0
    )
    one.blocks, one.held_blocks, one.pick = tuple(range(blocks)), held, pick
    return one


def recorded(arrived: float, waited_from: float, **facts: object) -> RequestRecord:
    """A record with these fields set."""
    made = RequestRecord(arrived, waited_from)
    for name, value in facts.items():
        setattr(made, name, value)
    return made


def begun(of: TelemetryRecorder, **facts: object) -> RequestRecord:
    """A chat of `shop` that arrived at `T0`, with these facts."""
    record = of.began(T0)
    document = {
        "surface": "chat",
        "model": "chat",
        "tenant": "shop",
        "band": "gold",
        "status": 200,
        "prompt_estimate": 90,
    }
    for name, value in (document | facts).items():
        setattr(record, name, value)
    return record


def answered(of: TelemetryRecorder, **facts: object) -> RequestRecord:
    """One that an engine answered: sent after 0.2 s, first token after 0.5 s, eleven tokens, done after 1.5 s."""
    record = begun(of, **facts)
    of.needs_engine(record, T0)
    record.sent(routed_request(), replica(), T0 + 0.2)
    if record.stream:
        record.first_token_at = T0 + 0.5
    record.prompt_tokens, record.output_tokens, record.cached_tokens = 100, 11, 64
    record.finish_reason = record.finish_reason or "stop"
    of.ended(record, T0 + 1.5)
    return record


def samples(of: TelemetryRecorder, snapshot: RouterSnapshot | None = None) -> Samples:
    """The page, as Prometheus' own parser reads it: `name{label="value",…}` without the prefix."""
    page = of.page(snapshot or RouterSnapshot()).decode()
    return {
        sample.name.removeprefix("fairlead_router_")
        + ("{" + ",".join(f'{key}="{value}"' for key, value in sample.labels.items()) + "}" if sample.labels else ""): (
            sample.value
        )
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
