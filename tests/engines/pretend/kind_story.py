"""What becomes of a deployment with the fake engine, as JSON from the copy of the tree that has it."""

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any, Final

import aiohttp

from fairlead.api import deployment_conversion
from fairlead.api.kinds import API_VERSION, DEPLOYMENT
from fairlead.api.object_reader import read_strict
from fairlead.autoscaler.samples import prometheus_queries
from fairlead.autoscaler.samples.pod_samples import EngineSampler
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.backtest import candidate
from fairlead.cli.sweep import swept_kinds
from fairlead.cluster import package_data
from fairlead.controller.pods import pod_troubles
from fairlead.controller.pods.pod_client import PodClient
from fairlead.engines import catalogue as engines
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.fit import Fit
from fairlead.objects import children, engine_pods
from fairlead.objects.installation import Installation
from fairlead.objects.owner import Owner
from fairlead.review import admission, engine_timing, memory_fit
from fairlead.review.context import ReviewContext
from fairlead.router import handlers
from fairlead.router.config import operator_file
from fairlead.router.wire import header_lines
from fairlead.router.wire.header_lines import HeaderBlock
from fairlead.router.wire.request_heads import RequestHead
from house import kind_definitions

KIND: Final = EngineKind("Pretend")
OWNER: Final = Owner(namespace="team", name="chat", uid="4f1c")
INSTALLATION: Final = Installation(image="fairlead:1.2.3", operator_namespace="fairlead-system", monitoring=())
PAGE: Final = """\
# TYPE pretend:running gauge
pretend:running{rank="0"} 3.0
# TYPE pretend:queued gauge
pretend:queued{rank="0"} 1.0
# TYPE pretend:cache_usage gauge
pretend:cache_usage{rank="0"} 0.5
# TYPE pretend:cache_info gauge
pretend:cache_info{pages="100",page="64"} 1.0
"""
ERRORS: Final = (
    (429, b"full"),
    (200, b'event: error\ndata: {"code": 429}'),
    (503, b"The engine is currently busy"),
    (400, b"cannot schedule new futures after shutdown"),
)


def main() -> None:
    """Print everything as one object."""
    context = ReviewContext(catalogue=package_data.load_catalogue())
    document = {
        "refusals": {name: list(_refused(engine, context)) for name, engine in SPECS.items()},
        "schema": KIND.value in json.dumps(kind_definitions.definition(DEPLOYMENT)),
        "pod": _pod(context),
        "children": _children(context),
        "metrics": _metrics(),
        "budget": _budget(context),
        "ended": _ended(),
        "errors": [engines.ENGINES[KIND].api.errors.error_class(*one).name for one in ERRORS],
        "acts": asyncio.run(_acts()),
        "drafts": _drafts(context),
        "forwarded": [_is_forwarded(path) for path in (b"/v1/forget", b"/v1/chant")],
        "measured": {"swept": KIND in swept_kinds.KINDS, "played": KIND in candidate.KINDS},
    }
    sys.stdout.write(json.dumps(document))


SPECS: Final[dict[str, dict[str, Any]]] = {
    "plain": {"kind": "Pretend"},
    "one of its flags": {"kind": "Pretend", "extraArgs": ["--listen=1"]},
    "one of vLLM's flags": {"kind": "Pretend", "extraArgs": ["--max-num-seqs=1"]},
    "sleep": {"kind": "Pretend", "sleep": {"enabled": True}},
}


def _document(engine: dict[str, Any]) -> dict[str, Any]:
    spec = {"model": {"source": "hf://Qwen/Qwen3-0.6B"}, "accelerator": {"product": "NVIDIA-L4"}, "engine": engine}
    return {"apiVersion": API_VERSION, "kind": DEPLOYMENT.name, "metadata": {"name": "chat"}, "spec": spec}


def _refused(engine: dict[str, Any], context: ReviewContext) -> Iterator[tuple[str, str]]:
    for one in admission.review(_document(engine), context).refusals:
        assert isinstance(one, SpecRefusal)
        yield one.field, one.because


def _pod(context: ReviewContext) -> dict[str, Any]:
    review = admission.review(_document({"kind": "Pretend"}), context)
    assert review.engine is not None
    assert review.setup is not None
    launch = review.engine.launch(review.setup, engine_timing.of(review))
    built = engine_pods.template(OWNER, _wanted(context), launch, "0a1b2c3d")["spec"]
    container = built["containers"][0]
    return {
        "words": container["command"],
        "image": container["image"],
        "environment": {one["name"]: one["value"] for one in container["env"]},
        "ports": [one["containerPort"] for one in container["ports"]],
        "probes": [container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")],
        "user": built["securityContext"]["runAsUser"],
        "grace": built["terminationGracePeriodSeconds"],
    }


def _wanted(context: ReviewContext) -> Any:  # noqa: ANN401 - of the copy's own types
    read = read_strict(_document({"kind": "Pretend"}), DEPLOYMENT).value
    assert read is not None
    return deployment_conversion.deployment(read, context.releases)


def _children(context: ReviewContext) -> dict[str, Any]:
    """What the network allows, and what a router makes of its file."""
    built = {
        (one["kind"], one["metadata"]["name"]): one
        for one in children.all_children(OWNER, _wanted(context), INSTALLATION)
    }
    policy = next(one for (kind, name), one in built.items() if kind == "NetworkPolicy" and "router" not in name)
    file = next(one["data"]["router.json"] for (kind, _), one in built.items() if kind == "ConfigMap")
    settings = operator_file.settings(json.loads(file))
    api = settings.served[0].engine_api
    assert api.tokenizer is not None
    assert api.priority_header is not None
    return {
        "open": policy["spec"]["ingress"][0]["ports"][0]["port"],
        "asked on": settings.engine_port,
        "traces": api.provider,
        "tokenizer": [api.tokenizer.path.decode(), api.tokenizer.count(b'{"ids": [1, 2]}')],
        "priority": [api.priority_header.decode(), api.priority_header in header_lines.READ_HEADERS],
        "quick": str(api.quick_load(PAGE.encode())),
    }


def _budget(context: ReviewContext) -> float:
    """The share of a 24 GB card that weights, cache and overheads are to fit into."""
    fit = admission.review(_document({"kind": "Pretend"}), context).fit
    assert isinstance(fit, Fit)
    assert fit.memory is not None
    return round(fit.memory.budget.likely / context.catalogue.accelerators["NVIDIA-L4"].memory_bytes, 1)


def _drafts(context: ReviewContext) -> int:
    """The tokens that a model's own layers draft in each step, if no number is written."""
    review = admission.review(_document({"kind": "Pretend", "speculation": {"method": "mtp"}}), context)
    assert review.setup is not None
    assert review.engine is not None
    return memory_fit.drafting(review.setup, review.engine.draft_cost).tokens


def _is_forwarded(path: bytes) -> bool:
    """Whether a router sends a client's request to the engine."""
    return handlers.is_forwarded(RequestHead(b"POST", path, HeaderBlock(), http10=False))


def _ended() -> str:
    """What is reported of its pod after its last words."""
    last = {"exitCode": 1, "message": "out of pretend memory"}
    pod = {"metadata": {"name": "e"}, "status": {"containerStatuses": [{"state": {"terminated": last}}]}}
    found = pod_troubles.trouble(pod)
    return "" if found is None else f"{found.reason}: {found.message}"


def _metrics() -> dict[str, Any]:
    target = ScrapeTarget(uid="u", namespace="team", name="chat-1", ip="10.0.0.1", kind=KIND)
    sampler = EngineSampler(engines.ENGINES[KIND].reader())
    sampler.read(PAGE.encode(), 100.0)
    load = sampler.sample.figures
    return {
        "at": f"{target.host}{target.path}",
        "load": None if load is None else [load.running, load.waiting, load.capacity_blocks, load.block_tokens],
        "queried": "pretend:cache_usage" in prometheus_queries.of_engines(engines.ENGINES[KIND].names, ["team"]),
    }


async def _acts() -> dict[str, bool]:
    """A request to this engine to sleep or to wake sends nothing."""
    pod = {"metadata": {"uid": "e", "name": "e"}, "status": {"podIP": "198.18.0.9"}}
    async with aiohttp.ClientSession() as session:
        pods = PodClient(session)
        return {"sleeps": await pods.sleep(pod, KIND), "is awake": await pods.wake(pod, KIND)}


if __name__ == "__main__":
    main()
