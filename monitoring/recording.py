"""Recording rules: how many requests failed and how many latencies missed their objective, over seven windows.

An objective is the policy's own. The autoscaler exports it in seconds with the bucket of the router's histogram that
holds it, so that one query serves every deployment. Long windows sum what the short one recorded: they cost as many
samples as they have minutes, whatever the number of routers, revisions and buckets.
"""

from collections.abc import Callable
from typing import Final

from fairlead.fleet.tenants import Lane
from fairlead.router.observability.label_values import ReplyFailure
from fairlead.router.wire.protocol_faults import ProtocolFault
from fairlead.routing.reasons import RefusalReason as Why
from fairlead.telemetry import autoscaler_metrics as scaling
from fairlead.telemetry import router_families as router
from monitoring.queries import DEPLOYMENT, of_deployments
from monitoring.rules import RecordingRule, RuleGroup

BASE: Final = "5m"
WINDOWS: Final = ("30m", "1h", "2h", "6h", "1d", "3d")
OF: Final = f"namespace, {DEPLOYMENT}"

REQUESTS: Final = "fairlead:requests:rate5m"
FAILED_REQUESTS: Final = "fairlead:requests_failed:rate5m"
OBJECTIVES: Final = "fairlead:objectives:bound"
JUDGED: Final = f'lane="{Lane.INTERACTIVE}"'
"""Selects the latencies that objectives apply to: the lanes `long` and `batch` have none."""
LATENCIES: Final = "fairlead:latencies:rate5m"
LATENCIES_MET: Final = "fairlead:latencies_met:rate5m"

Share = Callable[[str], str]
"""The name of a recorded share by its window."""

FAILED: Final = "|".join(ReplyFailure)
"""Reasons of the router's own errors because an engine or the router itself failed."""
_NO_CAPACITY: Final = (
    Why.QUEUE_FULL, Why.QUEUE_TIME, Why.TOO_LATE, Why.NO_REPLICA, Why.NO_ADAPTER, Why.NO_OTHER_REPLICA,
    Why.RETRY_BUDGET,
)  # fmt: skip
OURS: Final = "|".join((*_NO_CAPACITY, ProtocolFault.TOO_MANY_BODIES.code, *ReplyFailure))
"""Reasons that are not the client's fault. A router that shuts down hands batch work back, which is no failure; and a
token with a made-up key id, which anybody can send, gets the same reason as one whose key has not been read yet."""


def failed(window: str) -> str:
    """The recorded share of requests that failed."""
    return f"fairlead:requests_failed:ratio{window}"


def missed(window: str) -> str:
    """The recorded share of latencies that missed their objective."""
    return f"fairlead:latencies_missed:ratio{window}"


def counted(record: str, window: str) -> str:
    """How many there were in a window, of what is recorded each minute as a rate a second."""
    return f"sum_over_time({record}[{window}]) * 60"


def groups() -> tuple[RuleGroup, ...]:
    """Counts first, then the shares, which read them."""
    return (
        RuleGroup(
            name="fairlead.seen",
            interval="1m",
            rules=(*_requests(), _objectives(), *(rule for one in scaling.JUDGED for rule in _latencies(one))),
        ),
        RuleGroup(
            name="fairlead.shares",
            interval="1m",
            rules=tuple(rule for window in (BASE, *WINDOWS) for rule in _shares(window)),
        ),
    )


def _requests() -> tuple[RecordingRule, RecordingRule]:
    """Failures sum two families whose series never have the same labels; `or` keeps both."""
    refused = f'rate({router.REFUSALS.name}{{reason=~"{OURS}"}}[{BASE}])'
    broken = f'rate({router.RESULTS.name}{{result=~"engine_failed|cut"}}[{BASE}])'
    return (
        RecordingRule(record=REQUESTS, expr=f"sum by ({OF}) (rate({router.RESULTS.name}[{BASE}]))"),
        RecordingRule(record=FAILED_REQUESTS, expr=f"sum by ({OF}) ({refused} or {broken})"),
    )


def _objectives() -> RecordingRule:
    """Objectives with the labels of routers' series, and the bucket as `le`."""
    shown = f"max by (namespace, name, objective, bound) ({scaling.OBJECTIVE.name})"
    named = f'label_replace({shown}, "{DEPLOYMENT}", "$1", "name", "(.+)")'
    bucket = f'label_replace({named}, "le", "$1", "bound", "(.+)")'
    return RecordingRule(record=OBJECTIVES, expr=f"max by ({OF}, objective, le) ({bucket})")


def _latencies(objective: str) -> tuple[RecordingRule, RecordingRule]:
    """Prometheus 3 writes the bucket 2 as 2.0, Prometheus 2 does not: here both are 2.0."""
    family = scaling.JUDGED[objective]
    of = f'{OBJECTIVES}{{objective="{objective}"}}'
    buckets = f"sum by ({OF}, le) ({_rate(f'{family.name}_bucket')})"
    alike = f'label_replace({buckets}, "le", "$1.0", "le", "([0-9]+)")'
    labels = {"objective": objective}
    seen = f"sum by ({OF}) ({_rate(f'{family.name}_count')})"
    return (
        RecordingRule(record=LATENCIES, expr=f"{seen} and on ({OF}) {of}", labels=labels),
        RecordingRule(record=LATENCIES_MET, expr=f"sum by ({OF}) ({alike} and on ({OF}, le) {of})", labels=labels),
    )


def _rate(series: str) -> str:
    return of_deployments(f"rate({series}{{{JUDGED}}}[{BASE}])")


def _shares(window: str) -> tuple[RecordingRule, RecordingRule]:
    def seen(record: str) -> str:
        return record if window == BASE else f"sum_over_time({record}[{window}])"

    # a failure is counted from zero, but the series of its result may begin at one: the share would exceed 1
    failures = f"{seen(FAILED_REQUESTS)} / ({seen(REQUESTS)} > 0)"
    return (
        RecordingRule(record=failed(window), expr=f"clamp_max({failures}, 1)"),
        RecordingRule(record=missed(window), expr=f"1 - {seen(LATENCIES_MET)} / ({seen(LATENCIES)} > 0)"),
    )
