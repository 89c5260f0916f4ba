"""Helpers of the adapter tests: a hub in the cluster with adapters, their objects, and requests that name them."""

import base64
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fairlead.adapting import adapter_files
from fairlead.fleet.adapters import engine_name
from fairlead.loader import staging_folder
from house import tiny_model
from tests.node import stories
from tests.node.operator_stage import Deployed
from tests.node.stories import Manifest, Stage
from tests.waiting import eventually

HUB_PORT: Final = 8090
HUB: Final = f"""
import http.server, os
class Hub(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = "/files/" + self.path.strip("/").replace("/", "_")
        found = os.path.isfile(path)
        self.send_response(200 if found else 404); self.end_headers()
        if found:
            self.wfile.write(open(path, "rb").read())
http.server.ThreadingHTTPServer(("", {HUB_PORT}), Hub).serve_forever()
"""
HIDDEN: Final = tiny_model.HIDDEN
OWNER: Final = "acme"
RANK: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAdapter:
    """One adapter in the hub."""

    name: str
    digest: str

    def version(self, traffic: int = 100) -> Manifest:
        """The version's entry in an Adapter."""
        return {"source": f"hf://{OWNER}/{self.name}", "digest": self.digest, "traffic": traffic}

    def in_engine(self, served: str) -> str:
        """Its name in engines."""
        return engine_name(served, self.digest)


def written(folder: Path) -> dict[str, HubAdapter]:
    """Write two that fit, and three that do not: another rank, another shape, and one that names its base model."""
    kinds = {
        "old": (RANK, HIDDEN, ""),
        "new": (RANK, HIDDEN, ""),
        "wide": (64, HIDDEN, ""),
        "foreign": (RANK, HIDDEN // 2, ""),
        "based": (RANK, HIDDEN, "acme/tiny"),
    }
    found = {}
    for seed, (name, (rank, hidden, base)) in enumerate(kinds.items()):
        place = tiny_model.write_adapter(folder / name, 700 + seed, rank, hidden, base)
        found[name] = HubAdapter(name=name, digest=staging_folder.digest_of(place))
    return found


def written_many(folder: Path, count: int) -> dict[str, HubAdapter]:
    """Write this many that fit, by name."""
    found = {}
    for number in range(count):
        name = f"lora-{number:03}"
        place = tiny_model.write_adapter(folder / name, 900 + number, RANK)
        found[name] = HubAdapter(name=name, digest=staging_folder.digest_of(place))
    return found


def open_hub(stage: Stage, image: str, folder: Path) -> str:
    """Start a pod that serves these folders as the hub does; returns its address inside the cluster."""
    names = sorted(place.name for place in folder.iterdir())
    # Too large for the annotation of a client-side apply.
    items = [_files(folder / name) for name in names]
    stage.kubectl("create", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    sources = [{"configMap": {"name": f"hub-{name}"}} for name in names]
    pod = stories.pod("hub", image, HUB, volumeMounts=[{"name": "files", "mountPath": "/files"}])
    pod["spec"]["volumes"] = [{"name": "files", "projected": {"sources": sources}}]
    stage.apply(pod, stories.service("hub", HUB_PORT))
    eventually(lambda: stage.phases("app=hub").get("Running"), "the hub runs")
    return f"http://hub.{stage.namespace}"


def _files(place: Path) -> Manifest:
    files = {
        f"{OWNER}_{place.name}_resolve_main_{name}": base64.b64encode((place / name).read_bytes()).decode()
        for name in adapter_files.FILES
    }
    head = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"hub-{place.name}"}}
    return head | {"binaryData": files}


def engine_part(hub: str, **engine: object) -> dict[str, Any]:
    """The part of a spec that allows adapters from this hub."""
    env = [{"name": "HF_ENDPOINT", "value": hub}]
    return {"lora": {"slots": 4, "maxRank": RANK}, "env": env, **engine}


def apply_adapter(chat: Deployed, name: str, *versions: Manifest, **spec: object) -> None:
    """Apply it as a user would."""
    chat.stage.apply(
        {
            "apiVersion": "fairlead.dev/v1alpha1",
            "kind": "Adapter",
            "metadata": {"name": name},
            "spec": {"deployment": chat.name, "versions": list(versions)} | spec,
        }
    )


def adapter_status(chat: Deployed, name: str) -> Manifest:
    """The adapter's status."""
    found = next(one for one in chat.stage.objects("adp") if one["metadata"]["name"] == name)
    return dict(found.get("status", {}))


def ready_reason(chat: Deployed, name: str) -> tuple[str, str]:
    """Reason and message of Ready."""
    conditions = adapter_status(chat, name).get("conditions", ())
    ready = next((one for one in conditions if one["type"] == "Ready"), {"reason": "", "message": ""})
    return ready["reason"], ready["message"]


def completed(address: str, model: str, prompt: str = "tell me of the sea", tokens: int = 12) -> tuple[int, str, str]:
    """Status, text and version of a greedy answer."""
    body = {"model": model, "prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True}
    request = urllib.request.Request(
        f"http://{address}/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # an address of our own
            found = json.loads(answer.read())
            return 200, str(found["choices"][0]["text"]), str(found["model"])
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read().decode(), ""
    except OSError as problem:
        return 0, str(problem), ""
