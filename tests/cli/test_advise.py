"""`fairlead advise` on services with one known fault each: it is named first, and its patch fixes it."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from fairlead.backtest import levers
from fairlead.cli import advise_text
from tests.cli.conftest import Run


@dataclass(frozen=True, kw_only=True)
class FaultyService:
    """A service that would meet its objectives, but for one thing."""

    fault: str
    product: str
    traffic: Callable[[Path], Path]
    engine: Mapping[str, object]
    replicas: int = 1
    goals: tuple[str, str] = ("1s", "100ms")

    def written(self, folder: Path) -> Path:
        deployment = {
            "apiVersion": "fairlead.dev/v1alpha1",
            "kind": "InferenceDeployment",
            "metadata": {"name": "chat", "namespace": "default"},
            "spec": {
                "model": {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"},
                "engine": levers.merged({"context": {"maxTokens": 16384}}, self.engine),
                "accelerator": {"product": self.product},
                "replicas": self.replicas,
            },
        }
        place = folder / "chat.yaml"
        place.write_text(yaml.safe_dump(deployment))
        return place


EIGHT_BITS: Mapping[str, object] = {"quantization": {"weights": "fp8PerTensor"}}
BOTH: Mapping[str, object] = {"quantization": {"weights": "fp8PerTensor", "kvCache": "fp8"}}


def plain(a_second: float, prompt: int, reply: int, requests: int = 1200) -> Callable[[Path], Path]:
    """Independent arrivals of requests whose lengths vary by half."""

    def write(folder: Path) -> Path:
        chance, now, rows = random.Random("advise"), 0.0, ["seconds,prompt_tokens,output_tokens"]  # noqa: S311  # recorded
        for _ in range(requests):
            now += chance.expovariate(a_second)
            rows.append(f"{now:.3f},{int(prompt * chance.uniform(0.5, 1.5))},{int(reply * chance.uniform(0.5, 1.5))}")
        (folder / "plain.csv").write_text("\n".join(rows))
        return folder / "plain.csv"

    return write


def repeated(a_second: float, blocks: int, requests: int = 900) -> Callable[[Path], Path]:
    """Prompts that are alike except for their last 512 tokens."""

    def write(folder: Path) -> Path:
        chance, now, rows = random.Random("advise"), 0.0, list[str]()  # noqa: S311  # recorded
        for number in range(requests):
            now += chance.expovariate(a_second)
            names = [*range(1, blocks), 1_000_000 + number]
            row = {"timestamp": int(now * 1000), "input_length": 512 * blocks, "output_length": 100, "hash_ids": names}
            rows.append(json.dumps(row))
        (folder / "repeated.jsonl").write_text("\n".join(rows))
        return folder / "repeated.jsonl"

    return write


SERVICES = (
    FaultyService(
        fault="PrefixCacheOff",
        product="NVIDIA-L40S",
        traffic=repeated(4.0, 14),
        engine={**BOTH, "prefixCaching": {"enabled": False}},
    ),
    FaultyService(
        fault="BatchTooSmall",
        product="NVIDIA-L40S",
        traffic=plain(5.0, 500, 150),
        engine={**BOTH, "batching": {"maxSequences": 4}},
    ),
    FaultyService(
        fault="CacheTooSmall",
        product="NVIDIA-L4",
        traffic=plain(1.1, 1500, 200),
        engine={**EIGHT_BITS, "memoryUtilization": "0.50"},
    ),
    FaultyService(
        fault="WeightsTooLarge",
        product="NVIDIA-L4",
        traffic=plain(0.5, 500, 200, 600),
        engine={},
        goals=("1s", "45ms"),
    ),
    FaultyService(
        fault="TooFewReplicas", product="NVIDIA-L40S", traffic=plain(45.0, 1000, 200, 6000), engine=BOTH, replicas=3
    ),
    FaultyService(
        fault="CardTooLarge", product="NVIDIA-H100-80GB-HBM3", traffic=plain(0.5, 500, 100, 600), engine=BOTH
    ),
    FaultyService(
        fault="TooManyReplicas", product="NVIDIA-L4", traffic=plain(0.5, 500, 100, 600), engine=BOTH, replicas=4
    ),
    FaultyService(
        fault="ContextTooShort",
        product="NVIDIA-L40S",
        traffic=plain(2.0, 3000, 150, 600),
        engine={**BOTH, "context": {"maxTokens": 4096}},
    ),
)


@pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.fault)
def test_the_fault_that_was_built_in_is_named_first_and_its_patch_fixes_it(
    service: FaultyService, tmp_path: Path, run: Run
) -> None:
    deployment, traffic = service.written(tmp_path), service.traffic(tmp_path)
    goals = ("--traffic", str(traffic), "--ttft-p95", service.goals[0], "--tpot-p95", service.goals[1])
    before = run("simulate", str(deployment), *goals, "-o", "json")[1]

    code, out, err = run("advise", str(deployment), *goals, "-o", "json")

    assert (code, err) == (1, "")
    advice = json.loads(out)
    assert advice["bottleneck"] == service.fault, out
    mended = levers.merged(yaml.safe_load(deployment.read_text()), advice["patch"])
    deployment.write_text(yaml.safe_dump(mended))
    after = run("simulate", str(deployment), *goals, "-o", "json")
    assert after[0] == 0, "played again with the patch merged, it keeps its objectives"
    was, now = (json.loads(one)["candidates"][0] for one in (before, after[1]))
    assert not was["keeps"] or now["figures"]["costUsd"]["mean"] < was["figures"]["costUsd"]["mean"]


def test_the_text_output_shows_what_helps_what_was_tried_and_what_to_apply(run: Run, tmp_path: Path) -> None:
    service = SERVICES[1]
    deployment, traffic = service.written(tmp_path), service.traffic(tmp_path)
    code, out, _ = run("advise", str(deployment), "--traffic", str(traffic), "--ttft-p95", "1s")

    assert code == 1
    assert ". What holds it back: BatchTooSmall\n" in out
    assert "requests run at once of 4 that may, others wait, and the cache is " in out
    assert "as it is " in out
    assert "      maxSequences: " in out
    assert "1,200 requests of 503 prompt and 149 output tokens, 0% of prompts in an earlier one" in out
    assert "median error TPOT 16%" in out


def test_a_lever_that_is_set_already_is_not_played_and_the_advised_card_has_its_own_notes(
    run: Run, tmp_path: Path
) -> None:
    """Weights and cache have eight bits, and the goal is out of reach of this card."""
    service = FaultyService(fault="", product="NVIDIA-L4", traffic=plain(1.0, 500, 100, 100), engine=BOTH)
    words = ("advise", str(service.written(tmp_path)), "--traffic", str(service.traffic(tmp_path)))
    _, out, _ = run(*words, "--ttft-p95", "1s", "--tpot-p95", "15ms")
    head, _, notes = out.partition("requests of ")
    assert "weights=" not in head
    assert "kvCache=" not in head
    lever = head.partition("What holds it back: CardTooSlow\n")[2].splitlines()[1].strip().partition(":")[0]
    assert lever.startswith("gpu=")
    assert f"\n{lever}: step times: " in notes


def test_a_service_that_needs_no_change_is_reported_and_a_lever_that_changes_the_model_is_marked(
    run: Run, tmp_path: Path
) -> None:
    calm = FaultyService(fault="", product="NVIDIA-L4", traffic=plain(0.5, 500, 100, 300), engine=BOTH)
    small = FaultyService(fault="", product="NVIDIA-L4", traffic=plain(0.5, 500, 200, 300), engine={})
    goals = ("--ttft-p95", "1s", "--tpot-p95")
    words = ("advise", str(calm.written(tmp_path)), "--traffic", str(calm.traffic(tmp_path)))
    (tmp_path / "own.yaml").write_text("products: [{product: NVIDIA-L4, priceUsdHour: 0.01}]\n")
    code, out, _ = run(*words, *goals, "100ms", "--products", str(tmp_path / "own.yaml"))
    assert code == 0
    assert "chat keeps its objectives for 100.0% of requests; no lever applies" in out
    dear = ("--products", str(tmp_path / "dear.yaml"))
    (tmp_path / "dear.yaml").write_text("products: [{product: NVIDIA-L4, priceUsdHour: 99}]\n")
    assert "100.0% of requests. It could cost less: CardTooLarge\n" in run(*words, *goals, "100ms", *dear)[1]

    assert "; no lever that was simulated keeps 1% more of them" in run(*words, "--ttft-p95", "1ms")[1]

    words = ("advise", str(small.written(tmp_path)), "--traffic", str(small.traffic(tmp_path)))
    assert "# it changes what the model answers: evaluate it first" in run(*words, *goals, "45ms")[1]


def test_where_the_card_has_no_price_it_says_that_costs_do_not_compare(run: Run, tmp_path: Path) -> None:
    service = FaultyService(fault="", product="NVIDIA-A40", traffic=plain(8.0, 1000, 100, 400), engine={})
    words = ("advise", str(service.written(tmp_path)), "--traffic", str(service.traffic(tmp_path)))
    goals = ("--ttft-p95", "1s", "--tpot-p95", "60ms")

    assert advise_text.NO_PRICE in run(*words, *goals)[1]
    (tmp_path / "own.yaml").write_text("products: [{product: NVIDIA-A40, priceUsdHour: 0.6}]\n")
    assert advise_text.NO_PRICE not in run(*words, *goals, "--products", str(tmp_path / "own.yaml"))[1]


def test_input_that_cannot_be_advised_on_is_reported(run: Run, tmp_path: Path, files: Path) -> None:
    service = SERVICES[1]
    deployment, traffic = str(service.written(tmp_path)), str(service.traffic(tmp_path))
    words = ("--traffic", traffic)
    assert "chat: it has no objective to keep" in run("advise", deployment, *words)[2]
    assert "a second InferenceDeployment; give one at a time" in run("advise", str(files / "fleet"), *words)[2]
    long = FaultyService(
        fault="", product="NVIDIA-L4", traffic=service.traffic, engine={"context": {"maxTokens": 131072}}
    )
    assert "chat: Refused: " in run("advise", str(long.written(tmp_path)), *words)[2]
    service.written(tmp_path)
    assert "nowhere.csv" in run("advise", deployment, "--traffic", "nowhere.csv", "--ttft-p95", "1s")[2]


def chats(folder: Path, beginning: str) -> Path:
    """A batch of a service whose system prompt begins with this text and the request's number."""
    path, system = (
        folder / "batch.jsonl",
        "You are the assistant of a bank. Be polite, be brief, and say no secrets. " * 60,
    )
    with path.open("w") as lines:
        for number in range(300):
            first = {"role": "system", "content": beginning.format(number=number) + system}
            messages = [first, {"role": "user", "content": f"Question {number} of somebody about an account."}]
            body = {"messages": messages, "max_tokens": 50, "user": "team-a"}
            row = {"custom_id": str(number), "method": "POST", "url": "/v1/chat/completions", "body": body}
            lines.write(json.dumps(row) + "\n")
    return path


def test_a_service_with_the_time_at_the_start_of_its_system_prompt_is_named(run: Run, tmp_path: Path) -> None:
    service = FaultyService(fault="", product="NVIDIA-L4", traffic=lambda folder: folder, engine=BOTH)
    goals = ("--ttft-p95", "1s", "--tpot-p95", "100ms")
    words = ("advise", str(service.written(tmp_path)), *goals, "--window", "10m", "--traffic")
    _, out, _ = run(*words, str(chats(tmp_path, "It is 12:00:{number:09}. ")), "-o", "json")
    (found,) = json.loads(out)["partings"]
    assert (found["tenant"], found["requests"], found["block"], found["ways"]) == ("team-a", 300, 0, 300)
    assert found["share"] > 0.9
    _, out, _ = run(*words, str(chats(tmp_path, "It is 12:00:{number:09}. ")))
    assert "prompts of team-a part at block 0, after 0 tokens: 300 requests go on in 300 ways" in out
    assert "put what changes there (a date, an id, a name) behind what stays the same" in out
    _, out, _ = run(*words, str(chats(tmp_path, "")), "-o", "json")
    assert json.loads(out)["partings"] == []


def test_one_request_that_no_replica_can_hold_leaves_times_out(run: Run, tmp_path: Path) -> None:
    place = FaultyService(fault="", product="NVIDIA-L40S", traffic=plain(1.0, 1, 1), engine={}).written(tmp_path)
    (tmp_path / "big.csv").write_text("seconds,prompt_tokens,output_tokens\n0,1000000,5")
    code, out, err = run("advise", str(place), "--traffic", str(tmp_path / "big.csv"), "--ttft-p95", "1s")
    assert (code, err) == (1, "")
    assert "nan" not in out
    assert "1 request of 1,000,000 prompt" in out
    assert run("advise", str(place), "--traffic", str(tmp_path / "big.csv"), "--start", "-5")[0] == 2


def test_levers_for_requests_that_come_at_one_moment_are_compared_by_what_their_answers_cost(
    run: Run, tmp_path: Path
) -> None:
    """The traffic lasts no time, so all of them cost nothing: a dearer card came before a lever that is cheaper."""
    (tmp_path / "moment.csv").write_text("\n".join(["seconds,prompt_tokens,output_tokens", *["5,800,100"] * 50]))
    chat = FaultyService(fault="", product="NVIDIA-L40S", traffic=plain(1, 1, 1), engine={}, replicas=2)
    words = ("advise", str(chat.written(tmp_path)), "--traffic", str(tmp_path / "moment.csv"), "--ttft-p95", "1s")
    code, out, _ = run(*words, "-o", "json")
    found = json.loads(out)
    assert (code, found["before"]["keeps"]) == (1, False)
    costs = {one["lever"]: one["costUsd"] for one in found["levers"] if one["keeps"]}
    assert min(costs.values()) > 0
    assert list(costs) == sorted(costs, key=lambda one: costs[one])
    assert found["bottleneck"] != "CardTooSlow"
