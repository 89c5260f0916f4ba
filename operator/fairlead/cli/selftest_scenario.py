"""What `fairlead selftest` does: makes one simulated deployment, waits, requests a completion, always deletes it."""

import argparse
import contextlib
import time
from typing import Final

from fairlead.cli.selftest_client import SelftestClient, SelftestFailure, SelftestNotFound

OBJECTS: Final = "/apis/fairlead.dev/v1alpha1/namespaces/{}/inferencedeployments"
SPEC: Final = {
    "model": {"source": "hf://Qwen/Qwen3-0.6B", "servedName": "selftest"},
    "engine": {"kind": "Simulated"},
    "accelerator": {"product": "NVIDIA-L4", "resource": "none"},
}
COMPLETION_REQUEST: Final = {
    "model": "selftest",
    "max_tokens": 4,
    "messages": [{"role": "user", "content": "Are you there?"}],
}


def run_selftest(chosen: argparse.Namespace, door: SelftestClient) -> str:
    """Make it, wait until it serves, request a completion, delete it; what an earlier run left is deleted first."""
    objects = OBJECTS.format(chosen.namespace)
    metadata = {"name": chosen.name, "labels": {"app.kubernetes.io/component": "test"}}
    wanted = {"apiVersion": "fairlead.dev/v1alpha1", "kind": "InferenceDeployment", "metadata": metadata, "spec": SPEC}
    deadline = time.monotonic() + chosen.seconds
    _delete(door, f"{objects}/{chosen.name}")
    door.request("POST", objects, wanted)
    try:
        endpoint = _ready(door, f"{objects}/{chosen.name}", deadline)
        return f"{endpoint} answered: {_completion(door, endpoint, deadline)}"
    finally:
        _delete(door, f"{objects}/{chosen.name}")


def _delete(door: SelftestClient, url: str) -> None:
    with contextlib.suppress(SelftestNotFound):
        door.request("DELETE", url)


def _ready(door: SelftestClient, url: str, deadline: float) -> str:
    """Its endpoint; `SelftestFailure` if it is Stalled, or the time is over."""
    while True:
        status = door.request("GET", url).get("status", {})
        conditions = {one["type"]: one for one in status.get("conditions", ())}
        if conditions.get("Ready", {}).get("status") == "True":
            return str(status["endpoint"])
        stalled = conditions.get("Stalled", {}).get("status") == "True"
        if stalled or time.monotonic() > deadline:
            one = conditions.get("Stalled" if stalled else "Ready", {})
            words = (
                f"{one.get('reason')}: {one.get('message')}"
                if one
                else "no operator has reconciled it; see `kubectl get pods -A -l app.kubernetes.io/name=fairlead`"
            )
            raise SelftestFailure(f"the InferenceDeployment does not get Ready: {words}")
        time.sleep(door.each_s)


def _completion(door: SelftestClient, endpoint: str, deadline: float) -> str:
    """The text of the completion; failed requests are retried until the deadline."""
    while True:
        try:
            reply = door.request("POST", f"{endpoint}/chat/completions", COMPLETION_REQUEST)
            return repr(reply["choices"][0]["message"]["content"])
        except SelftestFailure:
            if time.monotonic() > deadline:
                raise
        time.sleep(door.each_s)
