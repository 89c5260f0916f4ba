"""The scenario of `fairlead selftest`: creates a simulated deployment, waits, requests a completion, always deletes it.

Uses the pod's service account for the API server, and no credentials for engines.
"""

import argparse
import contextlib
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeVar

from fairlead.cluster import credentials
from fairlead.documents import json_document

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
START_S: Final = 30.0
"""How long it may take to be let in: an API server may not know the test's Role yet, or throttle."""
CLEAN_UP_S: Final = 10.0
Answer = TypeVar("Answer")


class SelftestFailure(Exception):
    """The installation does not work as expected; the message says what was observed."""


class SelftestNotFound(SelftestFailure):
    """The address returned 404."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestClient:
    """A client of the API server with its token; requests to engines do not carry the token."""

    server: str
    token: str
    context: ssl.SSLContext | None = None
    each_s: float = 1.0
    """Delay between attempts."""

    def request(self, verb: str, url: str, body: object = None) -> dict[str, Any]:
        """Send a request and return the reply; raises `SelftestFailure` with the server's own message."""
        own = {"Authorization": f"Bearer {self.token}"} if url.startswith("/") else {}
        whole = f"{self.server}{url}" if own else url
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  # our API server, or the address it holds
            whole, data=data, method=verb, headers={"Content-Type": "application/json"} | own
        )
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.context) as answer:  # noqa: S310  # as above
                return dict(json_document.read(answer.read()))
        except urllib.error.HTTPError as refused:
            kind = SelftestNotFound if refused.code == HTTPStatus.NOT_FOUND else SelftestFailure
            with refused:
                message = refused.read(1000).decode(errors="replace")
            raise kind(f"{verb} {whole}: {refused.code}: {message}") from refused
        except (OSError, ValueError) as unreadable:
            raise SelftestFailure(f"{verb} {whole}: {unreadable}") from unreadable


def in_cluster(account: Path) -> SelftestClient:
    """Build the client from the service account of this pod."""
    if not (account / "token").exists():
        raise SelftestFailure(
            "this is not a pod with a ServiceAccount: `helm test` runs it in one; elsewhere use `kubectl get infd`"
        )
    context = credentials.as_kubectl_verifies(ssl.create_default_context(cafile=account / "ca.crt"))
    token = (account / "token").read_text().strip()
    return SelftestClient(server="https://kubernetes.default.svc", token=token, context=context)


OBJECTS: Final = "/apis/fairlead.dev/v1alpha1/namespaces/{}/inferencedeployments"
SPEC: Final[dict[str, Any]] = {
    "model": {"source": "hf://Qwen/Qwen3-0.6B", "servedName": "selftest"},
    "engine": {"kind": "Simulated"},
    "accelerator": {"product": "NVIDIA-L4", "resource": "none"},
}
COMPLETION_REQUEST: Final = {
    "model": "selftest",
    "max_tokens": 4,
    "messages": [{"role": "user", "content": "Are you there?"}],
}


def run_selftest(chosen: argparse.Namespace, client: SelftestClient) -> str:
    """Create it, wait until it serves, request a completion, delete it; delete what an earlier run left first."""
    objects = OBJECTS.format(chosen.namespace)
    metadata = {"name": chosen.name, "labels": {"app.kubernetes.io/component": "test"}}
    wanted: dict[str, Any] = {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "InferenceDeployment",
        "metadata": metadata,
        "spec": _spec(chosen.image_pull_secret),
    }
    deadline = time.monotonic() + chosen.seconds
    starting = min(deadline, time.monotonic() + START_S)
    _retried(client, starting, lambda: _create(client, objects, wanted))
    try:
        endpoint = _ready(client, f"{objects}/{chosen.name}", deadline)
        return f"{endpoint} answered: {_completion(client, endpoint, deadline)}"
    finally:
        _retried(client, time.monotonic() + CLEAN_UP_S, lambda: _delete(client, f"{objects}/{chosen.name}"))


def _spec(pull_secrets: Sequence[str]) -> dict[str, Any]:
    """Return the spec; its engine runs our image, which may be in a registry that requires credentials."""
    named = [{"name": one} for one in pull_secrets]
    return SPEC | ({"placement": {"imagePullSecrets": named}} if named else {})


def _retried(client: SelftestClient, deadline: float, attempt: Callable[[], Answer]) -> Answer:
    """Return what the first successful attempt returns: one failed request is no verdict on the installation."""
    while True:
        try:
            return attempt()
        except SelftestFailure:
            if time.monotonic() > deadline:
                raise
        time.sleep(client.each_s)


def _create(client: SelftestClient, objects: str, wanted: dict[str, Any]) -> None:
    """Create it in place of what is there, be it of an earlier run or of an attempt whose reply was lost."""
    _delete(client, f"{objects}/{wanted['metadata']['name']}")
    client.request("POST", objects, wanted)


def _delete(client: SelftestClient, url: str) -> None:
    with contextlib.suppress(SelftestNotFound):
        client.request("DELETE", url)


def _ready(client: SelftestClient, url: str, deadline: float) -> str:
    """Wait for its endpoint; raises `SelftestFailure` if it is Stalled or the deadline has passed."""
    while True:
        status = _retried(client, deadline, lambda: client.request("GET", url)).get("status", {})
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
        time.sleep(client.each_s)


def _completion(client: SelftestClient, endpoint: str, deadline: float) -> str:
    """Return the text of the completion; failed requests are retried until the deadline."""

    def attempt() -> str:
        reply = client.request("POST", f"{endpoint}/chat/completions", COMPLETION_REQUEST)
        return repr(reply["choices"][0]["message"]["content"])

    return _retried(client, deadline, attempt)
