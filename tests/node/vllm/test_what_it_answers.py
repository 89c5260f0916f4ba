"""What one replica of real vLLM answers through the router, and the operator's status of it.

One replica with all features on: an adapter, n-gram speculation, cached prefixes counted in `usage`, tools.
"""

import json
import uuid
from collections.abc import Iterator
from typing import Any, Final

import pytest
from openai import OpenAI

from devcluster.door import Embedded
from house import tiny_images
from tests.node.engine_world import conditions, cores_are_free, executed, serves
from tests.node.operator_stage import Deployed
from tests.node.serving.claims import Record
from tests.node.serving.scaling.fleets import command
from tests.node.stories import STAGES, Stage
from tests.node.vllm.real_engines import deployed, spec
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

ADAPTER: Final = "sailor"
EVERYTHING: Final[dict[str, Any]] = {
    "adapters": [{"name": ADAPTER, "source": f"oci://{tiny_images.ADAPTER}"}],
    "speculation": {"method": "ngram"},
    "tools": {"parser": "hermes"},
    "extraArgs": ["--enable-prompt-tokens-details"],
}
LONG: Final = "the ships come home in the evening . " * 40
"""Several blocks of the cache: on CPU each has 128 tokens."""
SCHEMA: Final = {
    "type": "object",
    "properties": {"harbour": {"enum": ["north", "south"]}, "full": {"type": "boolean"}},
    "required": ["harbour", "full"],
    "additionalProperties": False,
}
READ_METRICS: Final = (
    "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/metrics', timeout=20).read().decode())"
)


ANTHROPIC: Final = """
import anthropic
client = anthropic.Anthropic(base_url="http://chat-router", api_key="none", max_retries=0, timeout=120)
messages = [{"role": "user", "content": "hello world"}]
whole = client.messages.create(model="chat", max_tokens=8, messages=messages)
with client.messages.stream(model="chat", max_tokens=8, messages=messages) as stream:
    streamed = stream.get_final_message()
print(whole.usage.output_tokens, streamed.usage.output_tokens, whole.stop_reason, streamed.stop_reason)
"""
PROMPTS: Final = 30
BENCH: Final = (
    *("vllm", "bench", "serve", "--backend", "openai-chat", "--endpoint", "/v1/chat/completions"),
    *("--base-url", "http://chat-router", "--model", "chat", "--tokenizer", "/models/model"),
    *("--dataset-name", "random", "--random-input-len", "64", "--random-output-len", "16", "--ignore-eos"),
    *("--num-prompts", str(PROMPTS), "--max-concurrency", "4", "--seed", "7"),
    *("--save-result", "--result-dir", "/tmp", "--result-filename", "found.json"),
)

COMPARE: Final = """
import http.client, json, statistics, time
body = json.dumps({"model": "chat", "prompt": "hello world", "max_tokens": 1})
places = {"127.0.0.1": 8000, "chat-router": 80}
ways = {name: http.client.HTTPConnection(name, port, timeout=120) for name, port in places.items()}
took = {name: [] for name in ways}
for _ in range(60):
    for name, way in ways.items():
        began = time.perf_counter()
        way.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
        answer = way.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
        took[name].append((time.perf_counter() - began) * 1000)
print(*(statistics.median(some[10:]) for some in took.values()))
"""


@pytest.fixture(scope="module")
def chat(cluster: Embedded, request: pytest.FixtureRequest) -> Iterator[Deployed]:
    """One replica for all tests of this file."""
    request.getfixturevalue("operated")
    cores_are_free(cluster)
    stage = Stage(cluster, f"answers-{uuid.uuid4().hex[:8]}")
    request.node.stash[STAGES] = [stage]
    made = deployed(stage, engine=spec(**EVERYTHING)["engine"])
    serves(made)
    yield made
    stage.clear()


@pytest.fixture
def openai(chat: Deployed) -> Iterator[OpenAI]:
    """The official client, without retries."""
    with OpenAI(base_url=f"http://{chat.address()}/v1", api_key="none", max_retries=0, timeout=120) as made:
        yield made


def test_samples_and_their_probabilities_need_no_compiler(openai: OpenAI) -> None:
    """Both are functions that vLLM compiles on their first call; the image has nothing to compile with."""
    messages: list[Any] = [{"role": "user", "content": "tell me a story"}]
    answer = openai.chat.completions.create(
        model="chat",
        messages=messages,
        max_tokens=12,
        temperature=0.8,
        logprobs=True,
        top_logprobs=3,
        n=2,
    )
    assert len(answer.choices) == 2
    for choice in answer.choices:
        assert choice.logprobs is not None
        assert all(len(one.top_logprobs) >= 3 for one in choice.logprobs.content or ())


def test_a_prompt_that_came_before_is_read_from_the_cache(chat: Deployed, openai: OpenAI) -> None:
    before = counter(chat, "vllm:prefix_cache_hits_total")
    cached = [prompted(openai, LONG) for _ in range(2)]
    assert cached[0] == 0
    assert cached[1] >= 128
    assert counter(chat, "vllm:prefix_cache_hits_total") - before == cached[1]


def test_repeated_text_is_drafted_from_the_prompt(chat: Deployed, openai: OpenAI) -> None:
    openai.completions.create(model="chat", prompt="count one two three " * 20, max_tokens=200, temperature=0)
    assert counter(chat, "vllm:spec_decode_num_draft_tokens_total") > 0


def test_an_answer_follows_its_schema_and_so_does_a_strict_tools_call(openai: OpenAI) -> None:
    """Without `strict` vLLM promises only that the arguments are JSON."""
    messages: list[Any] = [{"role": "user", "content": "which harbour ?"}]
    form: Any = {"type": "json_schema", "json_schema": {"name": "berth", "schema": SCHEMA, "strict": True}}
    answer = openai.chat.completions.create(model="chat", messages=messages, max_tokens=200, response_format=form)
    assert json.loads(answer.choices[0].message.content or "").keys() == {"harbour", "full"}
    tool: Any = {"type": "function", "function": {"name": "moor", "parameters": SCHEMA, "strict": True}}
    choice: Any = {"type": "function", "function": {"name": "moor"}}
    answer = openai.chat.completions.create(
        model="chat", messages=messages, max_tokens=200, tools=[tool], tool_choice=choice
    )
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert json.loads(call.function.arguments).keys() == {"harbour", "full"}


def test_an_adapter_is_a_model_of_its_own(openai: OpenAI) -> None:
    assert {one.id for one in openai.models.list()} == {"chat", ADAPTER}
    answer = openai.completions.create(model=ADAPTER, prompt="hello world", max_tokens=8)
    assert (answer.model, answer.usage and answer.usage.completion_tokens) == (ADAPTER, 8)


def test_anthropics_client_is_answered_in_its_own_shape(chat: Deployed) -> None:
    """vLLM's image has the package, so the client runs in a pod, by the Service's name."""
    assert executed(chat, "python3", "-c", ANTHROPIC).split() == ["8", "8", "max_tokens", "max_tokens"]


def test_vllms_own_bench_finds_no_failure(chat: Deployed, record_property: Record) -> None:
    executed(chat, *BENCH)
    found = json.loads(executed(chat, "cat", "/tmp/found.json"))
    record_property("bench_completed", found["completed"])
    record_property("bench_median_tpot_ms", round(found["median_tpot_ms"], 1))
    assert (found["completed"], found.get("failed", 0)) == (PROMPTS, 0)


def test_what_the_router_adds_is_measured(chat: Deployed, record_property: Record) -> None:
    """Side by side, in turns, from a pod of the same node: one token each, so that nothing hides it."""
    direct, routed = map(float, executed(chat, "python3", "-c", COMPARE).split())
    record_property("direct_ms", round(direct, 2))
    record_property("router_added_ms", round(routed - direct, 2))
    assert direct > 0


def test_the_status_has_what_the_engine_measured(chat: Deployed) -> None:
    """The fit's estimate gives way to the cache that vLLM really allocated."""
    seen = eventually(lambda: chat.observe().reason("Fits") == "Measured" and chat.observe(), "it is measured", 60)
    assert seen
    (line,) = (one for one in metrics(chat).splitlines() if one.startswith("vllm:cache_config_info{"))
    labels = dict(one.split("=", 1) for one in line.partition("{")[2].partition("}")[0].split(","))
    size, blocks = (int(labels[name].strip('"')) for name in ("block_size", "num_gpu_blocks"))
    measured = seen.status["fit"]["kvTokens"]["measured"]
    assert 0 <= size * blocks - measured <= size
    assert "chat" in command(chat.stage, "top", "--once")
    assert "KV tokens" in conditions(chat)["Fits"]


def prompted(openai: OpenAI, prompt: str) -> int:
    """How many tokens of the prompt came from the cache, as `usage` says."""
    usage = openai.completions.create(model="chat", prompt=prompt, max_tokens=4, temperature=0).usage
    assert usage is not None
    return (usage.prompt_tokens_details.cached_tokens or 0) if usage.prompt_tokens_details else 0


def metrics(chat: Deployed) -> str:
    """The engine's own page."""
    return executed(chat, "python3", "-c", READ_METRICS)


def counter(chat: Deployed, name: str) -> float:
    """The sum of a counter's series."""
    found = [one for one in metrics(chat).splitlines() if one.startswith((f"{name}{{", f"{name} "))]
    return sum(float(one.rpartition(" ")[2]) for one in found)
