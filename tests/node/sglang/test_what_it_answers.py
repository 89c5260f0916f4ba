"""What one replica of real SGLang answers through the router, and the operator's status of it.

One replica with all features that a CPU supports: an adapter, cached prefixes counted in `usage`, tools.
"""

import json
import uuid
from collections.abc import Iterator
from typing import Any, Final

import pytest
from openai import OpenAI

from devcluster.door import Embedded
from fairlead.engines.catalogue import ENGINES
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_load import EngineLoad
from house import tiny_images
from tests.node.engine_world import conditions, cores_are_free, executed, serves
from tests.node.operator_stage import Deployed
from tests.node.serving.claims import Record
from tests.node.serving.scaling.fleets import command
from tests.node.sglang.real_engines import deployed, spec
from tests.node.stories import STAGES, Stage
from tests.node.vllm.test_what_it_answers import ADAPTER, ANTHROPIC, COMPARE, LONG, SCHEMA
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

EVERYTHING: Final[dict[str, Any]] = {
    "adapters": [{"name": ADAPTER, "source": f"oci://{tiny_images.ADAPTER}"}],
    "tools": {"parser": "hermes"},
}
PORT: Final = ENGINES[EngineKind.SGLANG].api.port
READ_METRICS: Final = (
    f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{PORT}/metrics', timeout=20).read().decode())"
)
MESSAGES: Final[list[Any]] = [{"role": "user", "content": "which harbour ?"}]


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
    answer = openai.chat.completions.create(
        model="chat",
        messages=MESSAGES,
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
    """Token by token: at first, at most its beginning was cached."""
    before = load(chat).prefix_hits or 0
    first, second = (prompted(openai, LONG) for _ in range(2))
    assert first < 16
    assert second >= 128
    assert (load(chat).prefix_hits or 0) - before >= second


def test_an_answer_follows_its_schema(openai: OpenAI) -> None:
    form: Any = {"type": "json_schema", "json_schema": {"name": "berth", "schema": SCHEMA, "strict": True}}
    answer = openai.chat.completions.create(model="chat", messages=MESSAGES, max_tokens=200, response_format=form)
    assert json.loads(answer.choices[0].message.content or "").keys() == {"harbour", "full"}


def test_a_tools_call_follows_its_schema(openai: OpenAI) -> None:
    tool: Any = {"type": "function", "function": {"name": "moor", "parameters": SCHEMA, "strict": True}}
    choice: Any = {"type": "function", "function": {"name": "moor"}}
    answer = openai.chat.completions.create(
        model="chat", messages=MESSAGES, max_tokens=300, tools=[tool], tool_choice=choice
    )
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert json.loads(call.function.arguments).keys() == {"harbour", "full"}


def test_an_adapter_is_a_model_of_its_own(openai: OpenAI) -> None:
    """By its own name SGLang would answer as the model; the router sends it as SGLang requires."""
    assert {one.id for one in openai.models.list()} == {"chat", ADAPTER}
    texts = {
        name: openai.completions.create(model=name, prompt="hello world", max_tokens=24, temperature=0).choices[0].text
        for name in ("chat", ADAPTER)
    }
    assert texts["chat"] != texts[ADAPTER]


def test_anthropics_client_is_answered_in_its_own_shape(chat: Deployed) -> None:
    """SGLang's image has the package, so the client runs in a pod, by the Service's name."""
    assert executed(chat, "python3", "-c", ANTHROPIC).split() == ["8", "8", "max_tokens", "max_tokens"]


def test_what_the_router_adds_is_measured(chat: Deployed, record_property: Record) -> None:
    """Side by side, in turns, from a pod of the same node: one token each, so that nothing hides it."""
    direct, routed = map(float, executed(chat, "python3", "-c", COMPARE.replace("8000", str(PORT))).split())
    record_property("direct_ms", round(direct, 2))
    record_property("router_added_ms", round(routed - direct, 2))
    assert direct > 0


def test_its_page_has_every_figure_that_scaling_reads(chat: Deployed, openai: OpenAI) -> None:
    """What SGLang does not report is what docs/engines.md says that it lacks."""
    before = load(chat)
    openai.completions.create(model="chat", prompt=LONG, max_tokens=40, temperature=0)
    after = eventually(lambda: generated(chat) > (before.generation_tokens or 0) + 30 and load(chat), "tokens are told")
    assert isinstance(after, EngineLoad)
    assert (after.engines, after.running, after.waiting) == (1, 0, 0)
    assert (after.prompt_tokens or 0) > (before.prompt_tokens or 0)
    assert after.finished == (before.finished or 0) + 1
    assert after.capacity_tokens
    assert after.drafts is after.steps is None


def test_the_status_has_what_the_engine_measured(chat: Deployed) -> None:
    """The fit's estimate gives way to the cache that SGLang really allocated."""
    seen = eventually(lambda: chat.observe().reason("Fits") == "Measured" and chat.observe(), "it is measured", 60)
    assert seen
    assert seen.status["fit"]["kvTokens"]["measured"] == load(chat).capacity_tokens
    assert "chat" in command(chat.stage, "top", "--once")
    assert "KV tokens" in conditions(chat)["Fits"]


def prompted(openai: OpenAI, prompt: str) -> int:
    """How many tokens of the prompt came from the cache, as `usage` says."""
    usage = openai.completions.create(model="chat", prompt=prompt, max_tokens=4, temperature=0).usage
    assert usage is not None
    return (usage.prompt_tokens_details.cached_tokens or 0) if usage.prompt_tokens_details else 0


def load(chat: Deployed) -> EngineLoad:
    """The engine's own page, as scaling reads it."""
    found = ENGINES[EngineKind.SGLANG].load(executed(chat, "python3", "-c", READ_METRICS))
    assert isinstance(found, EngineLoad), found
    return found


def generated(chat: Deployed) -> float:
    """Tokens of all answers until now."""
    return load(chat).generation_tokens or 0
