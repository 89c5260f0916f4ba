"""The alerts: each for something that a person must do, which its entry in docs/runbooks.md describes."""

from typing import Final

from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType
from fairlead.fleet.policies import ScalingReason
from fairlead.scaling.facts import EnginePodPhase
from fairlead.telemetry import autoscaler_metrics as scaling
from fairlead.telemetry import operator_metrics as operator
from fairlead.telemetry import router_families as router
from monitoring import burn, recording
from monitoring.queries import DEPLOYMENT
from monitoring.rules import Alert, RuleGroup, Severity

_SERVED: Final = f"{{{{ $labels.namespace }}}}/{{{{ $labels.{DEPLOYMENT} }}}}"
_DECIDED: Final = "{{ $labels.namespace }}/{{ $labels.name }}"
_OF_ROUTERS: Final = f"namespace, {DEPLOYMENT}"
_KIND: Final = "{{ $labels.kind }}"
_REASON: Final = "{{ $labels.reason }}"
_VALUE: Final = "{{ $value }}"
_IN_ONE: Final = "{{ with $labels.name }}, of {{ $labels.namespace }}/{{ . }}{{ end }}"


def _last(series: str) -> str:
    """The last value of a gauge, even where a scrape or two are missing: a gap would begin the wait anew."""
    return f"last_over_time({series}[3m])"


def _matched(condition: ConditionType, *reasons: Why, every_kind: bool = False) -> str:
    kind = "" if every_kind else 'kind="InferenceDeployment", '
    chosen = f', reason=~"{"|".join(reasons)}"' if reasons else ""
    return f'{{{kind}condition="{condition}", status="False"{chosen}}}'


def _conditions(condition: ConditionType, *reasons: Why) -> str:
    """Deployments of which a condition is False, by reason; only the leader reports any."""
    return f"max by (namespace, reason) ({_last(operator.OBJECTS.name + _matched(condition, *reasons))}) > 0"


def _conditions_older(condition: ConditionType, seconds: int) -> str:
    """The same of all kinds, where one of them has been False for so long, under whatever reasons; many may take turns
    at it.

    Not by the last values: one that has just become True would grow older.
    """
    where, by = _matched(condition, every_kind=True), "(namespace, kind, reason)"
    count = f"max by {by} ({operator.OBJECTS.name}{where})"
    since = f"min by {by} ({operator.OLDEST_CONDITION.name}{where})"
    return f"{count} > 0 and on {by} time() - {since} > {seconds}"


def _pods(*phases: EnginePodPhase) -> str:
    """Of two processes that show a deployment while one takes it over, only one counts."""
    shown = f'phase=~"{"|".join(phases)}"' if len(phases) > 1 else f'phase="{phases[0]}"'
    of_phase = f"max by (namespace, name, phase) ({_last(f'{scaling.PODS.name}{{{shown}}}')})"
    return f"sum by (namespace, name) ({of_phase})"


def _reason(reason: ScalingReason) -> str:
    """What limits a count now: in mode Recommend the reason is that of an advice, which limits nothing."""
    shown = f'{scaling.REASON.name}{{reason="{reason}"}}'
    advised = f"max by (namespace, name) ({_last(scaling.ACTIVE.name)}) == 0"
    return f"max by (namespace, name, reason) ({_last(shown)}) unless on (namespace, name) {advised}"


_ROUTERLESS: Final = operator.OBJECTS.name + _matched(ConditionType.ROUTABLE, Why.ROUTERS_NOT_READY, every_kind=True)
_BECAME_READY: Final = f"time() - max by (namespace, name) ({_last(scaling.NEWEST_READY.name)}) < 1200"
"""A replica did within 20 minutes: in a rollout of a large fleet one starts after the other, for hours."""
_EJECTED_NOW: Final = f'{router.ENDPOINTS.name}{{state="ejected"}}'
_EJECTED: Final = f"max by ({_OF_ROUTERS}) ({_last(_EJECTED_NOW)}) > 0"
_EJECTED_BY_ONE: Final = f'sum by ({_OF_ROUTERS}, pod) (increase({router.EJECTIONS.name}{{by!="leaving"}}[15m]))'
_EJECTIONS: Final = f"max by ({_OF_ROUTERS}) ({_EJECTED_BY_ONE}) > 5"
"""By one router: each of them ejects a replica that fails."""
_KEYS: Final = f"(increase({router.KEY_READINGS.name}"
_KEYS_UNREAD: Final = f'sum by ({_OF_ROUTERS}, pod, result) {_KEYS}{{result!="read"}}[15m])) > 1'
_KEYS_READ: Final = f'sum by ({_OF_ROUTERS}, pod) {_KEYS}{{result="read"}}[15m])) > 0'
_OF_TENANTS: Final = f"{_OF_ROUTERS}, tenant"
_SPENT: Final = (
    f"sum by ({_OF_TENANTS}) ({_last(router.TENANT_SPENT.name)}) "
    f"/ sum by ({_OF_TENANTS}) ({_last(router.TENANT_BUDGET.name)})"
)
_LEADERLESS: Final = (
    f"max by (namespace) (max_over_time({operator.LEADER.name}[1h])) unless max by (namespace) ({operator.LEADER.name} "
    f"== 1) or absent_over_time({operator.LEADER.name}[1h])"
)
"""Of each release, also of one that was scraped within the hour and no more; without a namespace if none was at all."""
_MEMBERS: Final = f"max by (namespace) ({scaling.MEMBERS.name})"
_UNSCALED: Final = (
    f"max by (namespace) (max_over_time({scaling.MEMBERS.name}[1d])) unless {_MEMBERS} "
    f"and on (namespace) max by (namespace) ({operator.LEADER.name} == 1)"
)
"""Its own series end with it, and so do the alerts that read them; without a leader FairleadNoLeader fires."""
_CERTIFICATE: Final = (
    f"min by (namespace) ({operator.CERTIFICATE_EXPIRATION.name} != 0) - time() "
    f"and on (namespace) min by (namespace) ({operator.CERTIFICATE_VALIDITY.name} != 0) < 0.2"
)
"""By its share, since issuers may allow a day or less. A replica shows 0 while it has no certificate."""
_REFUSED: Final = 'reason=~"queue_full|queue_time|too_late|no_replica_routable"'
_REFUSED_SHARE: Final = (
    f"sum by ({_OF_ROUTERS}, reason) (rate({router.REFUSALS.name}{{{_REFUSED}}}[5m])) "
    f"/ on ({_OF_ROUTERS}) group_left () ({recording.REQUESTS} > 0)"
)
_REFUSED_COUNT: Final = f"sum by ({_OF_ROUTERS}, reason) (increase({router.REFUSALS.name}{{{_REFUSED}}}[15m]))"

SERVICE: Final = (
    Alert(
        name="FairleadErrorBudgetBurnsFast",
        expr=burn.of_requests(burn.FAST),
        lasts="2m",
        severity=Severity.CRITICAL,
        summary=f"Requests to {_SERVED} fail",
        description=f"{{{{ $value | humanizePercentage }}}} of the requests to {_SERVED} failed: engines failed them "
        "or did not answer, replies broke, or the router refused them for want of room. At this pace the budget of a "
        "month is gone in days.",
    ),
    Alert(
        name="FairleadErrorBudgetBurnsSlowly",
        expr=burn.of_requests(burn.SLOW),
        lasts="15m",
        severity=Severity.WARNING,
        summary=f"Requests to {_SERVED} fail, a few all the time",
        description=f"{{{{ $value | humanizePercentage }}}} of the requests to {_SERVED} failed over a day or more.",
    ),
    Alert(
        name="FairleadObjectiveBurnsFast",
        expr=burn.of_latencies(burn.FAST),
        lasts="2m",
        severity=Severity.CRITICAL,
        summary=f"{_SERVED} misses its objective {{{{ $labels.objective }}}}",
        description=f"{{{{ $value | humanizePercentage }}}} of the latencies of {_SERVED} are above the policy's "
        "{{ $labels.objective }}; 5 % may be.",
    ),
    Alert(
        name="FairleadObjectiveBurnsSlowly",
        expr=burn.of_latencies(burn.SLOW),
        lasts="15m",
        severity=Severity.WARNING,
        summary=f"{_SERVED} misses its objective {{{{ $labels.objective }}}} a little, all the time",
        description=f"{{{{ $value | humanizePercentage }}}} of the latencies of {_SERVED} over a day or more are above "
        "the policy's {{ $labels.objective }}; 5 % may be.",
    ),
    Alert(
        name="FairleadQueueRefuses",
        expr=f"{_REFUSED_SHARE} > 0.01 and {_REFUSED_COUNT} >= {burn.FEWEST}",
        lasts="5m",
        severity=Severity.WARNING,
        summary=f"The queue of {_SERVED} refuses requests: {_REASON}",
        description=f"Routers of {_SERVED} refuse {{{{ $value | humanizePercentage }}}} of the requests: {_REASON}.",
    ),
    Alert(
        name="FairleadRouterEjectsEngines",
        expr=f"{_EJECTED} or {_EJECTIONS}",
        lasts="5m",
        severity=Severity.WARNING,
        summary=f"Routers of {_SERVED} keep engines out of rotation",
        description=f"Replicas of {_SERVED} fail requests: routers keep one ejected for minutes, or eject it "
        "again and again.",
    ),
    Alert(
        name="FairleadIssuerKeysUnread",
        expr=f"count by ({_OF_ROUTERS}, result) ({_KEYS_UNREAD} unless on ({_OF_ROUTERS}, pod) {_KEYS_READ})",
        lasts="5m",
        severity=Severity.WARNING,
        summary=f"Routers of {_SERVED} cannot read the issuer's keys: {{{{ $labels.result }}}}",
        description=f"Routers of {_SERVED} that have not read the keys of the tenants' issuer for a quarter of an "
        f"hour, {{{{ $labels.result }}}}: {_VALUE}. Keys that were read before still count; a router that has just "
        "started lets in no token.",
    ),
    Alert(
        name="FairleadTenantBudgetNearlySpent",
        expr=f"{_SPENT} > 0.9",
        lasts="10m",
        severity=Severity.WARNING,
        summary=f"Tenant {{{{ $labels.tenant }}}} of {_SERVED} has nearly spent its budget",
        description=f"Of the budget of tenant {{{{ $labels.tenant }}}} of {_SERVED}, "
        "{{ $value | humanizePercentage }} is spent or reserved; once it is used up, requests get 429 until the next "
        "period.",
    ),
)
FLEET: Final = (
    Alert(
        name="FairleadNotReady",
        expr=_conditions_older(ConditionType.READY, 1800),
        lasts="1m",
        severity=Severity.WARNING,
        summary=f"Objects of kind {_KIND} are not Ready: {_REASON}",
        description=f"Objects of kind {_KIND} that are not Ready, with the reason {_REASON}: {_VALUE}. At least one of "
        "them has not been for half an hour.",
    ),
    Alert(
        name="FairleadNoRouter",
        expr=f"max by (namespace, kind) ({_last(_ROUTERLESS)}) > 0",
        lasts="5m",
        severity=Severity.CRITICAL,
        summary="No router is ready: clients get no connection",
        description=f"Objects of kind {_KIND} of which no router is ready: {_VALUE}. Whatever its engines do, no "
        "request reaches them, and a router that does not run counts no failed request.",
    ),
    Alert(
        name="FairleadColdStartTooLong",
        expr=f"{_pods(EnginePodPhase.PULLING, EnginePodPhase.STARTING)} > 0 "
        f"unless on (namespace, name) {_BECAME_READY}",
        lasts="30m",
        severity=Severity.WARNING,
        summary=f"A replica of {_DECIDED} has been starting for half an hour",
        description=f"Replicas of {_DECIDED} that pull their image or start: {_VALUE}; none has become ready.",
    ),
    Alert(
        name="FairleadNoRoom",
        expr=f"{_reason(ScalingReason.NO_ROOM)} or {_conditions(ConditionType.SCHEDULED)}",
        lasts="10m",
        severity=Severity.WARNING,
        summary=f"Nodes have no room for a replica: {_REASON}",
        description=f"A deployment is to have a replica that no node can hold: {_REASON}.",
    ),
    Alert(
        name="FairleadRolloutStuck",
        expr=_conditions_older(ConditionType.PROGRESSING, 900),
        lasts="1m",
        severity=Severity.WARNING,
        summary=f"A rollout does not get on: {_REASON}",
        description=f"Objects of kind {_KIND} that make no progress, with the reason {_REASON}: {_VALUE}. At least one "
        "of them has made none for a quarter of an hour.",
    ),
    Alert(
        name="FairleadEngineWithoutProgress",
        expr=f"{_pods(EnginePodPhase.HUNG)} > 0 or {_conditions(ConditionType.ROUTABLE, Why.NO_TOKENS)}",
        lasts="5m",
        severity=Severity.CRITICAL,
        summary="An engine passes its probes and writes no tokens",
        description=f"Replicas that hold a GPU and serve nothing{_IN_ONE}: {_VALUE}.",
    ),
    Alert(
        name="FairleadMetricsFrozen",
        expr=f"max by (namespace, name) ({_last(scaling.WITHOUT_METRICS.name)}) > 0",
        lasts="10m",
        severity=Severity.WARNING,
        summary=f"The autoscaler does not trust samples of {_DECIDED}",
        description=f"Pods or routers of {_DECIDED} that report nothing, or something old or impossible: {_VALUE}. "
        "Its replicas are kept and never fewer.",
    ),
    Alert(
        name="FairleadBudgetSpent",
        expr=_reason(ScalingReason.OVER_BUDGET),
        lasts="10m",
        severity=Severity.WARNING,
        summary=f"{_DECIDED} needs more replicas than its budget pays for",
        description=f"The policy's budget.maxCostPerHour keeps {_DECIDED} below its need.",
    ),
)
OPERATOR: Final = (
    Alert(
        name="FairleadNoLeader",
        expr=_LEADERLESS,
        lasts="2m",
        severity=Severity.CRITICAL,
        summary="No operator leads{{ with $labels.namespace }} in {{ . }}{{ end }}",
        description="No process{{ with $labels.namespace }} of the release in {{ . }}{{ end }} says that it holds the "
        "Lease: nothing is rolled out, scaled or reported. What serves goes on serving.",
    ),
    Alert(
        name="FairleadNoAutoscaler",
        expr=_UNSCALED,
        lasts="5m",
        severity=Severity.CRITICAL,
        summary="No autoscaler runs in {{ $labels.namespace }}",
        description="An operator leads in {{ $labels.namespace }}, but no autoscaler in it or beside it reports "
        "anything: every deployment with spec.scaling keeps its present count, whatever the traffic.",
    ),
    Alert(
        name="FairleadCertificateEndsSoon",
        expr=_CERTIFICATE,
        lasts="10m",
        severity=Severity.WARNING,
        summary="The webhook's certificate in {{ $labels.namespace }} ends in {{ $value | humanizeDuration }}",
        description="A replica of the operator in {{ $labels.namespace }} serves a certificate of whose validity less "
        "than a fifth is left. It should have been renewed when a third was left.",
    ),
)


def groups() -> tuple[RuleGroup, ...]:
    """All groups of alerts."""
    return (
        RuleGroup(name="fairlead.service", rules=SERVICE),
        RuleGroup(name="fairlead.fleet", rules=FLEET),
        RuleGroup(name="fairlead.operator", rules=OPERATOR),
    )


def alerts() -> tuple[Alert, ...]:
    """All alerts, without their groups."""
    return (*SERVICE, *FLEET, *OPERATOR)
