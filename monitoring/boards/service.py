"""What users of a deployment see: latency, tokens, errors, caches."""

from typing import Final

from fairlead.telemetry import router_families as router
from fairlead.telemetry.metric_family import MetricFamily
from monitoring import queries, recording
from monitoring.boards.variables import OF_ROUTERS
from monitoring.panels import Dashboard, PanelRow, lines, number
from monitoring.queries import DEPLOYMENT, OF_SERVING, Query

_BROKEN: Final = queries.or_zero(queries.rate(router.RESULTS, where='result=~"engine_failed|cut"'))
_LOST: Final = queries.or_zero(queries.rate(router.REFUSALS, where=f'reason=~"{recording.FAILED}"'))
_REFUSED: Final = queries.or_zero(queries.rate(router.REFUSALS, where=f'reason!~"{recording.FAILED}"'))
_ALL: Final = queries.rate(router.RESULTS)
_HITS: Final = queries.rate(router.CACHE_LOOKUPS, where='result=~"hit|joined"')
_LOOKED: Final = queries.rate(router.CACHE_LOOKUPS, where='result=~"hit|joined|miss"')
_LANE: Final = "Requests of the interactive lane, which objectives apply to."


def _p95(family: MetricFamily, *by: str) -> str:
    """Of what objectives apply to: in the other lanes a request may wait for hours."""
    return queries.quantile(0.95, family, *by, where=recording.JUDGED)


_NOW: Final = PanelRow(
    "Now",
    (
        number("Requests a second", _ALL, "reqps"),
        number("Output tokens a second", queries.rate(router.OUTPUT)),
        number("p95 time to first token", _p95(router.FIRST_TOKEN), "s", text=_LANE),
        number("p95 time per output token", _p95(router.PER_TOKEN), "s", text=_LANE),
        number("Requests waiting", queries.total(router.WAITING)),
        number(
            "Replicas that get requests",
            queries.highest(router.ENDPOINTS, where='state="routable"'),
            text="Of each deployment as the router sees them that sees most.",
        ),
    ),
)
_LATENCY: Final = PanelRow(
    "Latency",
    (
        lines(
            "Time to first token",
            Query(queries.quantile(0.5, router.FIRST_TOKEN, "model", "lane"), "{{model}} {{lane}} p50"),
            Query(queries.quantile(0.95, router.FIRST_TOKEN, "model", "lane"), "{{model}} {{lane}} p95"),
            unit="s",
            text="Streams: from the request's arrival at the router.",
        ),
        lines(
            "Time per output token",
            Query(queries.quantile(0.5, router.PER_TOKEN, "model", "lane"), "{{model}} {{lane}} p50"),
            Query(queries.quantile(0.95, router.PER_TOKEN, "model", "lane"), "{{model}} {{lane}} p95"),
            unit="s",
            text="Streams: mean between tokens after the first.",
        ),
        lines(
            "Whole requests",
            Query(queries.quantile(0.5, router.DURATION, "model", "lane"), "{{model}} {{lane}} p50"),
            Query(queries.quantile(0.95, router.DURATION, "model", "lane"), "{{model}} {{lane}} p95"),
            unit="s",
        ),
        lines(
            "Prefill and decode apart, p95",
            Query(_p95(router.PREFILL), "prefill, with the engine's queue"),
            Query(_p95(router.DECODE), "decode, first token to last"),
            Query(_p95(router.QUEUED), "router's queue"),
            unit="s",
            text=_LANE,
        ),
        lines(
            "Time to first token by revision, p95",
            Query(_p95(router.FIRST_TOKEN, "revision"), "{{revision}}"),
            unit="s",
            text=f"During a rollout: the new beside the old. {_LANE}",
        ),
        lines(
            "Share of an objective that was missed, last hour",
            Query(f"{recording.missed('1h')}{{{OF_SERVING}}}", f"{{{{{DEPLOYMENT}}}}} {{{{objective}}}}"),
            unit="percentunit",
            text="Of the policy's own objectives; 5 % is what a p95 allows. Needs the recording rules.",
        ),
    ),
)
_TOKENS: Final = PanelRow(
    "Tokens",
    (
        lines("Prompt tokens a second", Query(queries.rate(router.PROMPT, "model"), "{{model}}"), stacked=True),
        lines("Output tokens a second", Query(queries.rate(router.OUTPUT, "model"), "{{model}}"), stacked=True),
        lines(
            "Share of prompt tokens in the KV cache",
            Query(f"{queries.rate(router.CACHED, 'model')} / {queries.rate(router.PROMPT, 'model')}", "{{model}}"),
            unit="percentunit",
            text="As the engines count them.",
        ),
    ),
)
_RESULTS: Final = PanelRow(
    "Results",
    (
        lines("Requests by result", Query(queries.rate(router.RESULTS, "result"), "{{result}}"), unit="reqps"),
        lines(
            "Share that failed",
            Query(f"({_BROKEN} + {_LOST}) / {_ALL}", "failed"),
            Query(f"{_REFUSED} / {_ALL}", "refused by the router"),
            unit="percentunit",
            text="Failed: an engine or the router failed it, it was not answered in time, or the reply broke.",
        ),
        lines("Requests by status", Query(queries.rate(router.REQUESTS, "code"), "{{code}}"), unit="reqps"),
        lines(
            "Retries and hedges",
            Query(queries.rate(router.RETRIES), "retries"),
            Query(queries.rate(router.HEDGES, "result"), "hedge {{result}}"),
            unit="reqps",
        ),
        lines(
            "Structured output by validity",
            Query(queries.rate(router.STRUCTURED, "validity"), "{{validity}}"),
            unit="reqps",
            text="Replies to requests for JSON or a grammar; `cut` at the token limit is not valid.",
        ),
        lines("Clients that left", Query(queries.rate(router.ABORTS, "stage"), "{{stage}}"), unit="reqps"),
    ),
)
_CACHES: Final = PanelRow(
    "Response cache",
    (
        lines("Lookups", Query(queries.rate(router.CACHE_LOOKUPS, "result"), "{{result}}"), unit="reqps"),
        lines(
            "Hit share",
            Query(f"{_HITS} / {_LOOKED}", "hits, and requests that joined one in flight"),
            unit="percentunit",
        ),
        lines("Size", Query(queries.total(router.CACHE_BYTES, "pod"), "{{pod}}"), unit="bytes"),
    ),
)

BOARD: Final = Dashboard(
    name="service",
    title="Service",
    text="What users of a deployment see, as its routers measured it.",
    variables=OF_ROUTERS,
    rows=(_NOW, _LATENCY, _TOKENS, _RESULTS, _CACHES),
)
