"""The demo's gateway: one address, three tenants, a cascade, a cache hit, a refusal, and what each tenant spent."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from demo import tour
from demo.load import TIMEOUT_S
from demo.watching import NAMESPACE
from devcluster.door import Embedded

GATEWAY: Final = "company"
TENANTS: Final = ("shop", "research", "trial")
ORDER: Final = {
    "type": "json_schema",
    "json_schema": {
        "name": "order",
        "schema": {
            "type": "object",
            "properties": {"article": {"type": "string"}, "count": {"type": "integer"}},
            "required": ["article", "count"],
        },
    },
}
SHOWN: Final = ("x-fairlead-route", "x-fairlead-target", "x-fairlead-escalated", "x-fairlead-cache", "retry-after")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayAnswer:
    """One answer, and what its headers say about it."""

    status: int
    seconds: float
    headers: Mapping[str, str]
    document: Any

    @property
    def words(self) -> str:
        """Format as a few lines."""
        lines = [f"  {name}: {self.headers[name]}" for name in SHOWN if name in self.headers]
        error = self.document.get("error")
        lines += [f"  {error['message']}"] if error else []
        return "\n".join([f"  {self.status} after {self.seconds * 1000:.0f} ms", *lines])


def show(cluster: Embedded) -> str:
    """Send all requests and format the answers."""
    address = cluster.expose(NAMESPACE, f"{GATEWAY}-gateway", 80)
    cascade = post(address, "shop", "assistant", "Two kettles, please.", response_format=ORDER, max_tokens=64)
    first = post(address, "shop", "support", "How do I descale a kettle?", temperature=0, max_tokens=40)
    post(address, "research", "support", "Compare kettles.", max_tokens=80)
    post(address, "trial", "support", "Write a novel about kettles.", max_tokens=100)
    refused = post(address, "trial", "support", "Go on.", max_tokens=100)
    again = post(address, "shop", "support", "How do I descale a kettle?", temperature=0, max_tokens=40)
    return f"""
Two more models behind one address, an InferenceGateway with three tenants:
$ kubectl get infg
{tour.output(cluster, "get", "infg")}

shop asks `assistant`, a cascade, for JSON; what the small model answers is none, so the large one answers:
{cascade.words}
shop asks `support`:
{first.words}
trial may have 60 tokens a minute, has taken more, and asks again:
{refused.words}
shop asks `support` the same again; the answer is the first one, from the cache:
{again.words}

What each has spent, in USD, by its own key (`GET /v1/usage`); the answer from the cache cost nothing:
{chr(10).join(_spent(address, tenant) for tenant in TENANTS)}"""


def post(address: str, tenant: str, model: str, prompt: str, **more: object) -> GatewayAnswer:
    """Send one question of a tenant."""
    body = {"model": model, "messages": [{"role": "user", "content": prompt}]} | more
    return _sent(address, tenant, "/v1/chat/completions", json.dumps(body).encode())


def _sent(address: str, tenant: str, path: str, body: bytes | None = None) -> GatewayAnswer:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {tenant}-demo-key"}
    request = urllib.request.Request(f"http://{address}{path}", data=body, headers=headers)  # our own port
    started = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # our own door
            return _read(answer.status, dict(answer.headers), answer.read(), started)
    except urllib.error.HTTPError as refusal:
        return _read(refusal.code, dict(refusal.headers), refusal.read(), started)


def _read(status: int, headers: Mapping[str, str], text: bytes, started: float) -> GatewayAnswer:
    found = {name.lower(): value for name, value in headers.items()}
    seconds = time.monotonic() - started
    return GatewayAnswer(status=status, seconds=seconds, headers=found, document=json.loads(text))


def _spent(address: str, tenant: str) -> str:
    usage = _sent(address, tenant, "/v1/usage").document
    rows = [row for bucket in usage["data"] for row in bucket["results"]]
    parts = [f"{row['model']} {row['cost']:.7f} for {row['output_tokens']} tokens" for row in rows]
    return f"  {tenant:<9} {'; '.join(parts) or 'nothing'}"
