"""Adapters on real vLLM: loaded within seconds by every replica, moved under streams, refused before any request."""

import subprocess
import time
from pathlib import Path
from typing import Final

import pytest

from tests.node.adapter_stage import (
    HubAdapter,
    apply_adapter,
    completed,
    engine_part,
    open_hub,
    ready_reason,
    written,
)
from tests.node.engine_world import serves
from tests.node.operator_stage import Deployed
from tests.node.serving.claims import Record
from tests.node.stories import Stage
from tests.node.versioned_streams import PROMPTS, TOKENS, VersionedStreams
from tests.node.vllm.real_engines import deployed, spec
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

POLL: Final = """
import json, sys, time, urllib.request as u
body = {"model": sys.argv[1], "prompt": "hello", "max_tokens": 1, "temperature": 0}
url, kind = "http://127.0.0.1:8000/v1/completions", {"Content-Type": "application/json"}
request = u.Request(url, json.dumps(body).encode(), kind)
until = time.time() + 120
while time.time() < until:
    try:
        u.urlopen(request, timeout=30).read(); print(time.time()); break
    except OSError:
        time.sleep(0.05)
"""
"""Requests the adapter from the engine in its pod until it answers, and prints when."""


def test_adapters_on_real_engines(stage: Stage, our_image: str, tmp_path: Path, record_property: Record) -> None:
    adapters = written(tmp_path)
    old, new = adapters["old"], adapters["new"]
    hub = open_hub(stage, our_image, tmp_path)
    chat = deployed(stage, engine=spec(**engine_part(hub))["engine"], replicas=2)
    pods = list(serves(chat).engines)
    address = chat.address()

    seconds = loaded_within(chat, pods, old)
    record_property("staged_to_answered_seconds", round(max(seconds), 2))
    eventually(lambda: completed(address, "sql")[0] == 200, "the router answers", 10)
    eventually(lambda: ready_reason(chat, "sql")[0] == "AdapterLoaded", "the status says so", 10)

    for name in ("../x", "undeclared", old.in_engine("sql"), "sql/../sql"):
        assert completed(address, name)[0] == 404, name
    refused(chat, adapters)

    right = answers_of(chat, address, old, new)
    moved_under_streams(chat, address, (old, new), right, record_property)
    killed(chat, address, (old, new), right, record_property)


def loaded_within(chat: Deployed, pods: list[str], adapter: HubAdapter) -> list[float]:
    """Seconds from the check of its files to the first answer, for each replica."""
    name = adapter.in_engine("sql")
    words = [*("kubectl", f"--kubeconfig={chat.stage.door.kubeconfig}", f"--namespace={chat.stage.namespace}"), "exec"]
    waiting_pods = [
        subprocess.Popen([*words, pod, "-c", "engine", "--", "python3", "-c", POLL, name], stdout=subprocess.PIPE)
        for pod in pods
    ]
    time.sleep(3)
    apply_adapter(chat, "sql", adapter.version())
    answered = [float(one.communicate(timeout=150)[0]) for one in waiting_pods]
    return [at - staged_at(chat, pod, name) for at, pod in zip(answered, pods, strict=True)]


def staged_at(chat: Deployed, pod: str, name: str) -> float:
    """When its loader had the files, checked: by its log, which has the engine's clock."""
    lines = chat.stage.kubectl("logs", pod, "-c", "loader").splitlines()
    line = next(one for one in lines if one.endswith(f"staged {name}"))
    day, clock = line.split()[:2]
    whole, _, thousandths = clock.partition(",")
    moment = time.strptime(f"{day} {whole} UTC", "%Y-%m-%d %H:%M:%S %Z")
    return time.mktime(moment) - time.timezone + int(thousandths) / 1000


def refused(chat: Deployed, adapters: dict[str, HubAdapter]) -> None:
    """A rank, a shape, a base and a digest that do not match."""
    wrong = HubAdapter(name="old", digest=adapters["new"].digest)
    cases = {
        "wide": (adapters["wide"], {}, "its rank is 64, and the slots have room for 8"),
        "foreign": (adapters["foreign"], {}, "takes 32 inputs, and the model has 64"),
        "wrong": (wrong, {}, f"have the digest {adapters['old'].digest}, and the spec says {wrong.digest}"),
        "elsewhere": (adapters["based"], {"baseModel": "acme/large"}, "is acme/tiny, and this deployment serves"),
    }
    for name, (adapter, changes, words) in cases.items():
        apply_adapter(chat, name, adapter.version(), **changes)
        eventually(lambda: ready_reason(chat, name)[0] == "AdapterRefused", f"{name} is refused", 60)  # noqa: B023
        assert words in ready_reason(chat, name)[1]
    loads = logged(chat, "engine", '"POST /v1/load_lora_adapter')
    assert len(loads) == len(chat.observe().engines), "the one that is loaded, by each engine, and nothing else"
    assert all("200 OK" in one for one in loads), loads
    # The digest identifies an adapter, wherever it is: this one would be loaded once another object brought its files.
    chat.stage.kubectl("delete", "adp", *cases)


def answers_of(chat: Deployed, address: str, *adapters: HubAdapter) -> dict[tuple[str, str], str]:
    """Each version's answer to each prompt, requested alone; no two are the same."""
    found: dict[tuple[str, str], str] = {}
    for adapter in adapters:
        rest = [one.version(0) for one in adapters if one is not adapter]
        apply_adapter(chat, "sql", adapter.version(100), *rest)
        name = adapter.in_engine("sql")
        eventually(lambda: completed(address, "sql")[2] == name, f"{name} answers", 30)  # noqa: B023
        found |= {(name, one): completed(address, "sql", one, TOKENS)[1] for one in PROMPTS}
    base = {one: completed(address, "chat", one, TOKENS)[1] for one in PROMPTS}
    for prompt in PROMPTS:
        answers = [base[prompt], *(found[adapter.in_engine("sql"), prompt] for adapter in adapters)]
        assert len(set(answers)) == len(answers), "the versions can be told apart"
    return found


def moved_under_streams(
    chat: Deployed,
    address: str,
    adapters: tuple[HubAdapter, HubAdapter],
    right: dict[tuple[str, str], str],
    record_property: Record,
) -> None:
    """From the old version over both to the new one, and back."""
    old, new = adapters
    with VersionedStreams(address, "sql", right) as streams:
        for shares in ((100, 0), (50, 50), (0, 100), (100, 0)):
            apply_adapter(chat, "sql", old.version(shares[0]), new.version(shares[1]))
            wanted = {one.in_engine("sql") for one, share in zip(adapters, shares, strict=True) if share}
            eventually(lambda: set(streams.versions[-24:]) == wanted, f"only {sorted(wanted)}", 240)  # noqa: B023
            time.sleep(2)
    record_property("versioned_answers", len(streams.versions))
    record_property("mixed_answers", len(streams.wrong))
    record_property("versioned_errors", sum(count for status, count in streams.statuses.items() if status != 200))
    assert streams.wrong == []
    assert set(streams.statuses) == {200}


def killed(
    chat: Deployed,
    address: str,
    adapters: tuple[HubAdapter, HubAdapter],
    right: dict[tuple[str, str], str],
    record_property: Record,
) -> None:
    """A replica that ends at once, and its replacement."""
    first = chat.observe().engines
    with VersionedStreams(address, "sql", right, clients=4) as streams:
        eventually(lambda: len(streams.versions) > 4, "they stream", 120)
        chat.stage.kubectl("delete", "pod", next(iter(first)), "--force", "--grace-period=0")
        eventually(lambda: chat.observe().engines != first, "it is gone", 60)
        serves(chat)
        seen = len(streams.versions)
        eventually(lambda: len(streams.versions) >= seen + 24, "and they go on", 240)
    record_property("not_found_after_kill", streams.statuses[404])
    assert streams.statuses[404] == 0
    assert set(streams.versions) <= {adapter.in_engine("sql") for adapter in adapters}


def logged(chat: Deployed, container: str, word: str) -> list[str]:
    """Lines of all replicas with a word in them."""
    found = [chat.stage.kubectl("logs", pod, "-c", container) for pod in chat.observe().engines]
    return [line for text in found for line in text.splitlines() if word in line]
