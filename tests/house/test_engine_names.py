"""Names of one engine outside the room of engines, tested on small texts; the check itself judges the real tree."""

import pytest

from house import engine_names

FILE = engine_names.PACKAGE / "cli" / "anything.py"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("\nSPACE = 'VLLM_CPU_KVCACHE_SPACE'\n", "VLLM_CPU_KVCACHE_SPACE"),
        ("\nRUNNING = b'vllm:num_requests_running'\n", "vllm:num_requests_running"),
        ("\nSTAGE = f'sglang:per_stage_{1}'\n", "sglang:per_stage_"),
        ("\nRANK = 'X-Vllm-Priority'\n", "X-Vllm-Priority"),
        ("\nPATH = '/sleep?level=1'\n", "/sleep"),
        ("\nPATH = '/v1/unload_lora_adapter'\n", "unload_lora_adapter"),
        ("\nIS_VLLM = kind is EngineKind.VLLM\n", "EngineKind.VLLM"),
        ("\nfrom fairlead.engines.vllm import metrics\n", "fairlead.engines.vllm.metrics"),
        ("\nfrom fairlead.emulator import sglang\n", "fairlead.emulator.sglang"),
    ],
)
def test_a_name_of_one_kind_is_reported_with_its_line(text: str, name: str) -> None:
    assert list(engine_names.names(text)) == [(name, 2)]
    (line, *unused) = engine_names.violations({FILE: [(name, 2)]})
    assert line == f"{FILE}:2: {name}: make it a member of EngineDescription"
    assert len(unused) == len(engine_names.EXCEPTIONS)


def test_sentences_and_what_holds_for_every_kind_may_be_anywhere() -> None:
    text = '"""Reads VLLM_CACHE_ROOT."""\nA = "write engine.kind: vLLM"\nB = EngineKind(A)\nC = [*EngineKind]\n'
    assert list(engine_names.names(text + "from fairlead.engines import catalogue, vllm_like\n")) == []


def test_the_room_and_its_exceptions_may_name_engines_and_an_exception_without_a_name_is_reported() -> None:
    excepted = [f"{one}any.py" if one.endswith("/") else one for one in engine_names.EXCEPTIONS]
    found = {engine_names.PACKAGE / one: [("EngineKind.VLLM", 1)] for one in excepted}
    found[engine_names.ROOM / "catalogue.py"] = [("EngineKind.VLLM", 1)]
    assert list(engine_names.violations(found)) == []
    (line,) = engine_names.violations({path: named for path, named in found.items() if path.name != "vllm_check.py"})
    assert line.endswith("cli/vllm_check.py: names no engine any more: remove the exception")
