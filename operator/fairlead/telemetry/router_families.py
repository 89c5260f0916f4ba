"""Every metric of requests at a router: its name, meaning, labels and buckets; the only place that knows them.
`router_process_families` has those of its process and connections.

Names are stable: a dashboard that reads one keeps working. Labels come from closed sets or from configuration, never
from clients' input, so that the page does not grow with the traffic.
"""

from typing import Final

from fairlead.telemetry import router_process_families
from fairlead.telemetry.metric_family import MetricPrefix, families_of
from fairlead.telemetry.router_buckets import TPOT, TTFT, WAIT, WHOLE

PREFIX: Final = router_process_families.PREFIX
_OURS: Final = MetricPrefix(f"{PREFIX}_")

PAID: Final = ("model", "target", "revision")
SERIES: Final = ("model", "revision", "band", "lane", "target")
"""Labels of latencies and tokens. The band stands for the tenant's class; tenants have sums of their own. The target is
empty but at a gateway, and adds few combinations there, since a revision belongs to one target."""

# Requests by kind and ending.
REQUESTS: Final = _OURS.counter("requests", "Requests answered, by status; 499: the client disconnected.", "code")
RESULTS: Final = _OURS.counter(
    "results", "Requests by kind of route, whether streamed, and how they ended.", "surface", "stream", "result"
)
REFUSALS: Final = _OURS.counter("refusals", "Requests answered with an error of the router's own, by reason.", "reason")
SHADOW: Final = _OURS.counter(
    "shadow_refusals", "Requests over a limit that is not enforced: counted but admitted.", "reason"
)
LATE: Final = _OURS.counter(
    "served_late", "Requests sent when a first token within the objective could no longer be expected."
)
IN_FLIGHT: Final = _OURS.gauge(
    "requests_in_flight", "Requests that this router received and has not finished, queued ones included."
)
HELD: Final = _OURS.gauge("requests_held", "Requests waiting for a routable replica.")
ADAPTERS_WAITING: Final = _OURS.gauge("adapters_waiting", "Adapters whose requests wait for a slot of an engine.")
ABORTS: Final = _OURS.counter(
    "client_aborts", "Clients that disconnected before the reply was complete, by stage.", "stage"
)
CUT: Final = _OURS.counter("answers_cut", "Replies that broke off after they had begun.")
FINISHED: Final = _OURS.counter("finish_reasons", "Replies by the engine's finish reason.", "reason")
STRUCTURED: Final = _OURS.counter(
    "structured_outputs",
    "Replies to requests for JSON or another grammar: complete; cut at the token limit, hence not valid; unknown.",
    "model",
    "validity",
)

# Demand on engines, by model.
ARRIVALS: Final = _OURS.counter("arrivals", "Requests that a model is to answer, counted on arrival.", "model", "lane")
ARRIVED_TOKENS: Final = _OURS.counter(
    "arrived_prompt_tokens", "Tokens of their prompts, estimated on arrival.", "model", "lane"
)

# Durations and tokens.
FORWARDED: Final = _OURS.counter(
    "forwarded", "Requests that an engine answered or was answering when they ended.", *SERIES
)
FIRST_TOKEN: Final = _OURS.histogram(
    "time_to_first_token_seconds", "Streams: from the request's arrival to its first token.", TTFT, *SERIES
)
PER_TOKEN: Final = _OURS.histogram(
    "time_per_output_token_seconds", "Streams: mean time between tokens after the first, one value a request.", TPOT,
    *SERIES,
)  # fmt: skip
DURATION: Final = _OURS.histogram(
    "request_seconds", "Complete replies from an engine: from arrival to the last byte.", WHOLE, *SERIES
)
QUEUED: Final = _OURS.histogram(
    "queue_seconds",
    "From arrival to being sent to an engine, or until the client disconnected or the wait timed out.",
    WAIT,
    *SERIES,
)
PREFILL: Final = _OURS.histogram(
    "prefill_seconds", "Streams: from being sent to an engine to the first token, with the engine's own queue.", TTFT,
    *SERIES,
)  # fmt: skip
DECODE: Final = _OURS.histogram("decode_seconds", "Streams: from the first token to the last byte.", WHOLE, *SERIES)
PROMPT: Final = _OURS.counter(
    "prompt_tokens", "Tokens of prompts, as engines count them, otherwise estimated.", *SERIES
)
OUTPUT: Final = _OURS.counter(
    "output_tokens", "Tokens of replies, as engines count them, otherwise by stream events.", *SERIES
)
CACHED: Final = _OURS.counter("cached_tokens", "Tokens of prompts that engines say they held in KV cache.", *SERIES)
PREFIX_BLOCKS: Final = _OURS.counter(
    "prefix_blocks_queried", "Prefix blocks of prompts that were looked up in replicas.", *SERIES
)
BLOCKS_HELD: Final = _OURS.counter(
    "prefix_blocks_held", "Prefix blocks that the chosen replica was expected to hold: the hits to expect.", *SERIES
)

# Tenants.
TENANT_REQUESTS: Final = _OURS.counter(
    "tenant_requests", "Requests by tenant and class of status.", "tenant", "model", "code"
)
TENANT_PROMPT: Final = _OURS.counter("tenant_prompt_tokens", "Tokens of prompts, by tenant.", "tenant", "model")
TENANT_OUTPUT: Final = _OURS.counter("tenant_output_tokens", "Tokens of replies, by tenant.", "tenant", "model")
TENANT_CACHED: Final = _OURS.counter("tenant_cached_tokens", "Cached tokens of prompts, by tenant.", "tenant", "model")
TENANT_STREAMS: Final = _OURS.counter(
    "tenant_first_tokens", "Streams that got a first token, by tenant.", "tenant", "model"
)
TENANT_TTFT: Final = _OURS.counter(
    "tenant_first_token_seconds",
    "Sum of the times to the first token, by tenant; divided by tenant_first_tokens: the mean.",
    "tenant",
    "model",
)
TENANT_INFLIGHT: Final = _OURS.gauge("tenant_inflight", "Requests of a tenant at engines.", "tenant")
TENANT_WAITING: Final = _OURS.gauge("tenant_waiting", "Requests of a tenant in queues.", "tenant")
TENANT_OVER: Final = _OURS.counter(
    "tenant_over_concurrency",
    "Requests of a tenant sent beyond its concurrency while limits are not enforced.",
    "tenant",
)

KEY_READINGS: Final = _OURS.counter(
    "issuer_key_readings", "Reads of the public keys of the tenants' OpenID issuer, by how they ended.", "result"
)

# Queues.
WAITING: Final = _OURS.gauge("requests_waiting", "Requests in queues, by lane.", "lane")
OLDEST: Final = _OURS.gauge(
    "oldest_wait_seconds", "Wait of the request that has waited longest, by lane; late requests do not count.", "lane"
)

# Choice of replicas, and failures of attempts.
PICKS: Final = _OURS.counter("picks", "Requests sent to a replica, by the rule that chose the last one.", "reason")
ROUTED: Final = _OURS.counter(
    "target_requests", "Requests of a gateway by route, the target that got them last, and class of status.",
    "model", "target", "code",
)  # fmt: skip
TARGET_PROMPT: Final = _OURS.counter(
    "target_prompt_tokens", "Tokens of prompts that targets of a gateway answered, by route and target.",
    "model", "target",
)  # fmt: skip
TARGET_OUTPUT: Final = _OURS.counter(
    "target_output_tokens", "Tokens of their replies.", "model", "target",
)  # fmt: skip
FALLBACKS: Final = _OURS.counter(
    "fallbacks", "Requests that left a target of a gateway for another one, by route, target and reason.",
    "model", "target", "reason",
)  # fmt: skip
CHECKED: Final = _OURS.counter(
    "structured_checks",
    "Answers of a gateway to requests with a JSON schema or tools: valid, or what is wrong with their form.",
    "model",
    "target",
    "revision",
    "result",
)
SCHEMAS: Final = _OURS.counter(
    "schema_checks",
    "Checked answers by the schema's name, as its client calls it, else json_object, json_schema or tools.",
    "model",
    "schema",
    "result",
)
HELD_ANSWERS: Final = _OURS.counter(
    "held_answers",
    "Replies of a gateway that were held back and checked before their client got them, by result and outcome.",
    "model",
    "target",
    "result",
    "outcome",
)
COPIES: Final = _OURS.counter(
    "shadow_copies",
    "Copies of requests for a route's shadow, by the deployment that gets them and by result.",
    "model", "target", "result",
)  # fmt: skip
COST: Final = _OURS.counter(
    "cost", "Cost of requests in the currency of the prices: of all their attempts, where each ran.", *PAID
)
UNANSWERED_COST: Final = _OURS.counter(
    "unanswered_cost",
    "The part of the cost whose reply reached no client: attempts that failed, were cut, or were outrun.",
    *PAID,
)
PAID_ATTEMPTS: Final = _OURS.counter("cost_attempts", "Attempts that ended, hedges included.", *PAID)
PAID_RETRIES: Final = _OURS.counter(
    "cost_retries", "Attempts that ended, without each request's first at the target.", *PAID
)
PAID_VALIDATED: Final = _OURS.counter(
    "cost_validated", "Attempts that ended, and whose answer could be checked by its schema or its tools.", *PAID
)
PAID_INVALID: Final = _OURS.counter(
    "cost_invalid", "Attempts whose answer was checked by its schema or its tools, and broke them.", *PAID
)
TENANT_COST: Final = _OURS.counter("tenant_cost", "Cost of requests, by tenant.", "tenant", "model")
TENANT_BUDGET: Final = _OURS.gauge(
    "tenant_budget", "Most that a tenant may spend in this period at this router: all of its budget, or an equal part.",
    "tenant",
)  # fmt: skip
TENANT_SPENT: Final = _OURS.gauge(
    "tenant_budget_spent", "Spent of the tenant's budget, with what is reserved for running requests; by all routers "
    "if they share a counter.",
    "tenant",
)  # fmt: skip
TASKS: Final = _OURS.counter(
    "tasks", "Tasks, by the target and revision that they began at; requests name them in x-fairlead-task.",
    "target", "revision",
)  # fmt: skip
OUTCOMES: Final = _OURS.gauge(
    "task_outcomes", "Tasks whose outcome was reported, by the last report: succeeded or failed.",
    "target", "revision", "outcome",
)  # fmt: skip
MISROUTED: Final = _OURS.gauge(
    "misrouted_tasks", "Reported tasks for which the target that they began at was not enough: they failed, or a "
    "larger one answered in its place.",
    "target", "revision",
)  # fmt: skip
TASK_COST: Final = _OURS.counter(
    "reported_task_cost", "Cost of all reported tasks; divided by the number that succeeded: the cost of a success.",
    "target", "revision",
)  # fmt: skip
IDLE_COST: Final = _OURS.counter(
    "idle_cost", "Cost of the time of replicas that no request pays for, by target; each router counts its part.",
    "target",
)  # fmt: skip
RETRIES: Final = _OURS.counter("retries", "Requests sent to another replica.")
ATTEMPTS_FAILED: Final = _OURS.counter(
    "attempts_failed", "Attempts at a replica that ended before the answer began, by how they ended.", "ending"
)
HEDGES: Final = _OURS.counter(
    "hedges", "Second attempts because the first replica was slow: won, lost, or denied by the budget.", "result"
)
EJECTIONS: Final = _OURS.counter("ejections", "Replicas taken out of rotation, by what noticed the failure.", "by")
ENDPOINTS: Final = _OURS.gauge("endpoints", "Engine replicas, by state.", "state")
ENDPOINT_STATE: Final = _OURS.gauge("endpoint_state", "1 for the state a replica is in.", "pod", "revision", "state")
ENDPOINT_INFLIGHT: Final = _OURS.gauge("endpoint_inflight", "Requests of this router in flight at a replica.", "pod")
ENDPOINT_PROMPT: Final = _OURS.gauge(
    "endpoint_prefill_tokens", "Prompt tokens sent to a replica whose prefill is not done.", "pod"
)
ENDPOINT_REPLY: Final = _OURS.gauge(
    "endpoint_expected_reply_tokens", "Reply tokens expected from a replica and not written yet.", "pod"
)
ENDPOINT_RUNNING: Final = _OURS.gauge(
    "endpoint_running", "Requests that the engine says it runs, of all routers.", "pod"
)
ENDPOINT_WAITING: Final = _OURS.gauge("endpoint_waiting", "Requests that the engine says wait in its own queue.", "pod")
ENDPOINT_KV: Final = _OURS.gauge("endpoint_kv_usage", "Share of its KV cache that the engine says is in use.", "pod")
ENDPOINT_PEERS: Final = _OURS.gauge(
    "endpoint_peers_inflight", "Requests of other routers in flight at a replica, as these report them.", "pod"
)

# Other routers of the same deployment or gateway.
PEERS: Final = _OURS.gauge("peers", "Other routers, by whether they reported recently.", "state")
PEERS_TOGETHER: Final = _OURS.gauge(
    "peers_together",
    "1: replicas are chosen by the load of all routers; 0: peers are silent, so by consistent hashing or own load.",
)
PEER_AGE: Final = _OURS.gauge(
    "peer_age_seconds", "Longest time since the last report, of the routers that reported recently."
)
PEER_DATAGRAMS: Final = _OURS.counter(
    "peer_datagrams",
    "Datagrams between routers, by result: sent, lost, received, or received and ignored for a reason.",
    "result",
)

# The response cache.
CACHE_LOOKUPS: Final = _OURS.counter(
    "cache_lookups", "Requests by what the response cache had: hit, miss, joined (one in flight), bypassed.", "result"
)
CACHE_PASSED: Final = _OURS.counter("cache_passed", "Requests that bypassed the response cache, by reason.", "reason")
CACHE_NOT_KEPT: Final = _OURS.counter("cache_not_kept", "Answers that were not kept, by reason.", "reason")
CACHE_STORED: Final = _OURS.counter("cache_stored", "Answers kept.")
CACHE_EVICTED: Final = _OURS.counter(
    "cache_evicted", "Answers evicted to make room; expired ones are counted separately."
)
CACHE_EXPIRED: Final = _OURS.counter("cache_expired", "Answers dropped because they expired.")
CACHE_FOLLOWERS: Final = _OURS.counter(
    "cache_followers",
    "Requests that waited for another one's answer, which failed: promoted to be sent in its place, or scattered, each "
    "to be sent for itself, after several had failed.",
    "result",
)
CACHE_ENTRIES: Final = _OURS.gauge("cache_entries", "Answers held.")
CACHE_BYTES: Final = _OURS.gauge("cache_bytes", "Size of the answers held, in bytes.")
CACHE_SHARED: Final = _OURS.counter(
    "cache_shared", "Lookups in the store that routers share, and answers written or dropped, by result.", "result"
)

FAMILIES: Final = (*families_of(globals().values()), *router_process_families.FAMILIES)
