"""A form that sends one chat request to a model and shows the duration of each phase.

The page contains only the models' addresses: `fairlead console` sends the request, with the permissions of the user who
opened it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fairlead.console.document import PageFrame, document
from fairlead.console.elements import Markup, element, prose
from fairlead.console.facts import DeploymentFacts, Manifest

MAX_TOKENS: Final = 256
ADDRESS: Final = re.compile(r"(https?)://([-a-z0-9]+)\.([-a-z0-9]+)\.svc/")
"""For example `http://chat-router.team.svc/v1`."""
ELSEWHERE: Final = (
    "Requests are sent by `fairlead console`, with the rights of your kubeconfig. This page was opened another way: "
    "run it, and open the address that it prints."
)
NOTHING: Final = "No model has an address yet in the namespaces that you may read."
PRICE: Final = (
    "It is a real request: it takes its place in the queue, counts against its tenant's limits, and costs what others "
    "cost. You need `create` on `services/proxy` in the model's namespace."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaygroundModel:
    """A model name for requests, and the Service that accepts it."""

    model: str
    owner: str
    """The deployment, adapter or gateway, for readers."""
    service: str
    """For the API server's proxy: namespace/name:port, with `https:` before the name if it uses TLS."""


def of_deployments(found: Iterable[DeploymentFacts]) -> Iterator[PlaygroundModel]:
    """Yield the model of each deployment and its adapters."""
    for one in found:
        service = _service(one.status)
        if service is None:
            continue
        spec: Manifest = one.document.get("spec") or {}
        adapters = (spec.get("engine") or {}).get("adapters") or ()
        names = ((spec.get("model") or {}).get("servedName") or one.name, *(adapter["name"] for adapter in adapters))
        owner = f"infd/{one.name} in {one.namespace}"
        yield from (PlaygroundModel(model=str(name), owner=owner, service=service) for name in names)


def of_adapters(found: Iterable[Manifest], deployments: Iterable[DeploymentFacts]) -> Iterator[PlaygroundModel]:
    """Yield each Adapter that a replica has loaded, by the Service of its deployment."""
    services = {(one.namespace, one.name): _service(one.status) for one in deployments}
    for one in found:
        about, status = one["metadata"], one.get("status") or {}
        service = services.get((about["namespace"], one["spec"]["deployment"]))
        if service is not None and status.get("loaded"):
            owner = f"adp/{about['name']} in {about['namespace']}"
            yield PlaygroundModel(model=str(status.get("servedName") or about["name"]), owner=owner, service=service)


def of_gateways(found: Iterable[Manifest]) -> Iterator[PlaygroundModel]:
    """Yield each model of each gateway."""
    for one in found:
        status, about = one.get("status") or {}, one["metadata"]
        service = _service(status)
        if service is not None:
            owner = f"infg/{about['name']} in {about['namespace']}"
            for model in status.get("models") or ():
                yield PlaygroundModel(model=str(model.get("name", "")), owner=owner, service=service)


def page(models: Sequence[PlaygroundModel], frame: PageFrame, *, playable: bool) -> str:
    """Build the whole page; `playable` if it was opened through `fairlead console`."""
    if not models:
        return document("Playground", frame, element("p", NOTHING, class_="note"))
    if not playable:
        return document("Playground", frame, element("p", prose(ELSEWHERE), class_="note"))
    scripted = replace(frame, script="playground.js")
    return document("Playground", scripted, _form(models), _results(), element("p", prose(PRICE), class_="faint"))


def _form(models: Sequence[PlaygroundModel]) -> Markup:
    options = (
        element("option", f"{one.model} ({one.owner})", value=one.model, data_service=one.service) for one in models
    )
    prompt = element("textarea", id="prompt", name="prompt", rows="4", required="", maxlength="100000")
    tokens = element(
        "input", id="tokens", name="tokens", type="number", min="1", max="100000", value=str(MAX_TOKENS), required=""
    )
    key = element("input", id="key", name="key", type="password", autocomplete="off", maxlength="8192")
    return element(
        "form",
        element("p", element("label", "Model", for_="model"), element("select", *options, id="model", name="model")),
        element("p", element("label", "Prompt", for_="prompt"), prompt, class_="whole"),
        element("p", element("label", "Output tokens at most", for_="tokens"), tokens),
        element("p", element("label", "API key, where tenants have keys", for_="key"), key),
        element("p", element("button", "Send", id="send"), element("button", "Stop", id="stop", type="button")),
        id="playground",
        class_="playground",
    )


def _results() -> Markup:
    return element(
        "section",
        element("h2", "Answer"),
        element("p", "Nothing was sent yet.", id="state", role="status"),
        element("pre", id="answer", tabindex="0"),
        element("div", id="phases"),
        element("dl", id="facts"),
    )


def _service(status: Manifest) -> str | None:
    """Derive the Service from the address for clients."""
    found = ADDRESS.match(str(status.get("endpoint") or ""))
    if found is None:
        return None
    scheme, name, namespace = found.groups()
    return f"{namespace}/https:{name}:https" if scheme == "https" else f"{namespace}/{name}:http"
