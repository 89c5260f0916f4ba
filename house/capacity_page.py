"""`python -m house.capacity_page`: docs/capacity.md, measured capacities and refused sizes, from evidence and code.

Figures are quoted from the evidence, so that no unmeasured one is written; bounds come from the CRDs.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any, Final

import yaml

from fairlead.accounting.usage_ledger import MAX_ROWS
from fairlead.objects.router_config import LARGEST
from fairlead.router.cache.cache import MAX_BODY_BYTES
from fairlead.router.config.tenant_folder import MAX_ENTRIES
from fairlead.router.kept_per_minute import A_MINUTE
from fairlead.router.revision_samples import MOST as MAX_SAMPLES
from fairlead.router.spending_accounts import KEPT_SECONDS
from fairlead.routing.peers.peer_group import MAX_PEERS
from fairlead.routing.peers.shared_engines import MAX_ENGINES
from house.tree import ROOT

PAGE: Final = "docs/capacity.md"
EVIDENCE: Final = ROOT / "docs" / "evidence.json"
_BY_DEFAULT: Final = "by default it is every second, so that 1,000 are as much work (share more: `autoscaler.separate`)"
MEASURED: Final = (
    ("controller.6", "deployments of one operator, on an API server without nodes and pods"),
    ("controller.1", "time from apply to the first reply, without the model's own start"),
    ("autoscaler.5", f"2,000 engine pods, scraped by one autoscaler every 2 s; {_BY_DEFAULT}"),
    ("autoscaler.2", "time from a metric to a decision"),
    ("gateway.8", "models, tenants and engine pods of one gateway"),
    ("gateway.7", "CPU of a request at a gateway"),
    ("router.4", "connections and streams of one router"),
    ("seeing.3", "deployments that the console shows"),
)
"""Items of the evidence, and their subjects."""
_LIMITS: Final = (
    ("routers that report to each other", f"{MAX_PEERS}", "reports of further ones are ignored"),
    (
        "engines of one router that its peers count",
        f"{MAX_ENGINES:,}",
        "further ones are balanced by each router on its own",
    ),
    ("keys of all tenants in one Secret", f"{MAX_ENTRIES:,}", "a Secret holds 1 MiB"),
    ("a request that the response cache reads", f"{MAX_BODY_BYTES // 2**10} KiB", "a larger one bypasses the cache"),
    (
        "the file of a gateway's routers",
        f"{LARGEST // 2**20} MiB",
        "about 1,700 deployments, or 33 with 100 adapters each; from 80 % on the gateway's condition `Accepted` warns",
    ),
    (
        "requests that one router compares in a canary's step",
        f"{MAX_SAMPLES:,}",
        f"at most about {A_MINUTE} of each minute at first, and fewer later, chosen by a hash: for three days",
    ),
    (
        "age of the usage that a router keeps",
        f"{KEPT_SECONDS // 86_400} days",
        "`/fairlead/v1/usage` has no older one",
    ),
    ("rows of usage that a router keeps", f"{MAX_ROWS:,}", "the oldest hours are added up by day and tenant"),
)
_HEAD: Final = """# Capacity and limits

Written by `python -m house.capacity_page` from [the evidence](evidence.md), the definitions and the routers' constants;
changes here are lost. A measured figure is not a limit: it is only as far as we tested. Machines were small (two
cores), large numbers of nodes and pods were simulated, and engines were emulated; no figure is of a real GPU fleet.
"""


def text() -> str:
    """Build the whole page."""
    return "\n".join([_HEAD, *measured(), "", *_bounds(), "", *_fixed(), ""])


def measured() -> Iterator[str]:
    """Yield the evidence's own text, and whether the claim holds."""
    kept = {one["item"]: one for one in json.loads(EVIDENCE.read_text(encoding="utf-8"))}
    yield from ("## Measured", "", "| what | claim | holds | figure |", "|---|---|---|---|")
    for item, about in MEASURED:
        one = kept[item]
        link = f"[{item}](evidence.md#{item.replace('.', '')})"
        yield f"| {about} | {link}, {one['date']} | {'yes' if one['holds'] else '**no**'} | {one['figure']} |"


def _bounds() -> Iterator[str]:
    yield from ("## Bounds of the API", "", "More than this is refused by the API server when you apply.", "")
    yield from ("| kind | field | entries at most |", "|---|---|---|")
    for path in sorted((ROOT / "crds").glob("*.yaml")):
        names = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
        whole = names["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        for field, most in entries(whole, "spec"):
            yield f"| {names['names']['kind']} | `{field}` | {most} |"


def entries(schema: dict[str, Any], path: str) -> Iterator[tuple[str, int]]:
    """Yield every list and map that has a bound."""
    for word in ("maxItems", "maxProperties"):
        if word in schema:
            yield path, schema[word]
    for name, below in schema.get("properties", {}).items():
        yield from entries(below, f"{path}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from entries(schema["items"], f"{path}[]")


def _fixed() -> Iterator[str]:
    yield from ("## Fixed limits of routers", "", "| what | at most | beyond it |", "|---|---|---|")
    yield from (f"| {what} | {most} | {beyond} |" for what, most, beyond in _LIMITS)


def main() -> int:
    """Write the page."""
    (ROOT / PAGE).write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
