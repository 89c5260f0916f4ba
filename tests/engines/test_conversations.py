"""Tools, reasoning and chat templates: the vLLM flag of each field, and the parser of each model family."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.cluster import package_data
from fairlead.engines import family_parsers
from fairlead.engines.catalogue import ENGINES
from fairlead.engines.reasons import EngineReason
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.vllm import parsers
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.conversations import ConfigMapKey, Reasoning, Tools
from fairlead.fleet.desired_state import DesiredEngine, EngineKind
from fairlead.fleet.engine_launch import ConfigMapFile
from tests.engines.setups import ENGINE, QWEN_SMALL, RELEASED, setup_of

pytestmark = pytest.mark.trial(19)

ARGUMENTS: Final = {
    "nothing": (ENGINE, ()),
    "tools": (replace(ENGINE, tools=Tools()), ("--enable-auto-tool-choice", "--tool-call-parser", "hermes")),
    "tools that clients require": (replace(ENGINE, tools=Tools(auto=False)), ("--tool-call-parser", "hermes")),
    "tools by a parser": (
        replace(ENGINE, tools=Tools(parser="xlam")),
        ("--enable-auto-tool-choice", "--tool-call-parser", "xlam"),
    ),
    "reasoning": (replace(ENGINE, reasoning=Reasoning()), ("--reasoning-parser", "qwen3")),
    "reasoning by a parser": (replace(ENGINE, reasoning=Reasoning(parser="mimo")), ("--reasoning-parser", "mimo")),
    "a template's text": (replace(ENGINE, chat_template="{{ a }}\n"), ("--chat-template", "{{ a }}\n")),
    "a template's path": (replace(ENGINE, chat_template="/t.jinja"), ("--chat-template", "/t.jinja")),
}


@pytest.mark.parametrize("what", ARGUMENTS)
def test_a_field_says_its_flags_and_brings_no_file(what: str) -> None:
    engine, wording = ARGUMENTS[what]
    launch = VllmEngine().launch(setup_of(engine, shape=QWEN_SMALL), LifecycleParameters())

    assert launch.command[launch.command.index("--enable-prefix-caching") + 1 :] == wording
    assert launch.files == ()


@pytest.mark.parametrize("kind", [EngineKind.VLLM, EngineKind.SIMULATED])
def test_a_template_of_a_config_map_is_a_file_that_the_command_opens(kind: EngineKind) -> None:
    source = ConfigMapKey(name="templates", key="llama.jinja")
    launch = ENGINES[kind].launch(setup_of(replace(ENGINE, kind=kind, chat_template=source)), LifecycleParameters())

    assert launch.files == (ConfigMapFile(source=source, folder="/etc/fairlead/chat-template", name="template.jinja"),)
    assert launch.command[-2:] == ("--chat-template", "/etc/fairlead/chat-template/template.jinja")


TOOLS: Final = {
    "meta-llama/Llama-3.1-8B-Instruct": "llama3_json",
    "meta-llama/Llama-2-7b-hf": None,
    "deepseek-ai/DeepSeek-R1-Distill-Llama-8B": None,
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": "llama4_pythonic",
    "mistralai/Mistral-Small-3.2-24B-Instruct-2506": "mistral",
    "mistralai/Mistral-7B-Instruct-v0.2": None,
    "mistralai/Mixtral-8x7B-Instruct-v0.1": None,
    "Qwen/Qwen2.5-7B-Instruct": "hermes",
    "moonshotai/Kimi-Dev-72B": None,
    "Qwen/Qwen3-8B": "hermes",
    "Qwen/Qwen3-30B-A3B": "hermes",
    "Qwen/Qwen3-Coder-480B-A35B-Instruct": "qwen3_coder",
    "Qwen/Qwen3.5-27B": "qwen3_coder",
    "deepseek-ai/DeepSeek-V3": "deepseek_v3",
    "deepseek-ai/DeepSeek-V3.2": "deepseek_v32",
    "moonshotai/Kimi-VL-A3B-Instruct": None,
    "moonshotai/Kimi-K2-Instruct": "kimi_k2",
    "ibm-granite/granite-3.1-8b-instruct": "granite",
    "openai/gpt-oss-20b": "openai",
    "zai-org/GLM-5": "glm47",
    "google/gemma-2-9b-it": None,
}
REASONING: Final = {
    "deepseek-ai/DeepSeek-R1": "deepseek_r1",
    "deepseek-ai/DeepSeek-V3": None,
    "deepseek-ai/DeepSeek-R1-Distill-Llama-8B": "deepseek_r1",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": "deepseek_r1",
    "Qwen/Qwen3-8B": "qwen3",
    "Qwen/Qwen3-Coder-480B-A35B-Instruct": None,
    "Qwen/Qwen3-VL-32B-Thinking": "qwen3",
    "Qwen/Qwen3-VL-32B-Instruct": None,
    "openai/gpt-oss-20b": "openai_gptoss",
    "meta-llama/Llama-3.1-8B-Instruct": None,
    "moonshotai/Kimi-K2-Instruct": None,
}


@pytest.mark.parametrize("model", sorted({**TOOLS, **REASONING}))
def test_a_family_has_the_parser_that_its_models_cards_name(model: str) -> None:
    shape = package_data.load_catalogue().shapes[model]
    if model in TOOLS:
        assert family_parsers.of(shape, parsers.OF_TOOLS) == TOOLS[model]
    if model in REASONING:
        assert family_parsers.of(shape, parsers.OF_REASONING) == REASONING[model]


def test_every_familys_parser_is_in_the_registry() -> None:
    assert {row.parser for row in parsers.OF_TOOLS} <= set(parsers.TOOLS)
    assert {row.parser for row in parsers.OF_REASONING} <= set(parsers.REASONING)


UNKNOWN: Final = {
    "spec.engine.tools.parser": replace(RELEASED, tools=Tools(parser="nothing-like-it")),
    "spec.engine.reasoning.parser": replace(RELEASED, reasoning=Reasoning(parser="nothing-like-it")),
}


@pytest.mark.parametrize("field", UNKNOWN)
def test_a_parser_that_resembles_none_is_refused_with_the_list(field: str) -> None:
    (refusal,) = VllmEngine().refusals(setup_of(UNKNOWN[field]))
    assert (refusal.field, refusal.reason) == (field, EngineReason.PARSER_UNKNOWN)
    assert refusal.remedy.startswith("write one of ")
    assert refusal.remedy.endswith("xlam" if "tools" in field else "step3p5")


@pytest.mark.parametrize("field", UNKNOWN)
def test_an_image_of_ones_own_may_have_more_parsers_and_so_may_a_plugin(field: str) -> None:
    own: DesiredEngine = replace(UNKNOWN[field], image="example.com/own:1")
    (warning,) = VllmEngine().warnings(setup_of(own))
    assert (warning.field, warning.remedy) == (field, "watch the first start: an unknown parser ends it")
    assert VllmEngine().refusals(setup_of(own)) == ()

    plugin = "--tool-parser-plugin=/own.py" if "tools" in field else "--reasoning-parser-plugin=/own.py"
    brought = setup_of(replace(UNKNOWN[field], extra_args=(plugin,)))
    assert (VllmEngine().refusals(brought), VllmEngine().warnings(brought)) == ((), ())


def test_a_near_name_is_the_remedy_of_a_warning_too() -> None:
    (warning,) = VllmEngine().warnings(setup_of(replace(ENGINE, tools=Tools(parser="hermess"))))
    assert warning.remedy == "did you mean hermes?"


@pytest.mark.parametrize(
    "words", [("--tool-call-parser", "hermes", "--enable-auto-tool-choice"), ("--chat-template=/t.jinja",)]
)
def test_flags_written_before_there_were_fields_stay_free_until_the_field_is_written(words: tuple[str, ...]) -> None:
    assert VllmEngine().refusals(setup_of(replace(RELEASED, extra_args=words))) == ()
    written = replace(RELEASED, tools=Tools(), chat_template="{{ a }}", extra_args=words)
    refused = VllmEngine().refusals(setup_of(written))
    assert {one.reason for one in refused} == {EngineReason.ARGUMENT_OWNED}
    assert len(refused) == sum(word.startswith("--") for word in words)
