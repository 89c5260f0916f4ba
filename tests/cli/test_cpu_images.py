"""`--cpu-image KIND=IMAGE`: the engine images for product CPU in this installation."""

import argparse

import pytest

from fairlead.cli import operator_command
from fairlead.fleet.desired_state import EngineKind


def parsed(*words: str) -> list[tuple[EngineKind, str]]:
    parser = argparse.ArgumentParser(exit_on_error=False)
    operator_command.arguments(parser)
    return list(parser.parse_args(words).cpu_image)


def test_an_image_by_its_kind() -> None:
    assert parsed() == []
    assert parsed("--cpu-image=vLLM=registry:5000/vllm-cpu:0.32.0") == [
        (EngineKind.VLLM, "registry:5000/vllm-cpu:0.32.0")
    ]


@pytest.mark.parametrize("word", ["vLLM", "vLLM=", "Simulated=image:1", "vllm=image:1"])
def test_what_is_no_kind_and_image_is_refused_with_the_spelling(word: str) -> None:
    with pytest.raises(argparse.ArgumentError, match="write KIND=IMAGE with one of SGLang, vLLM"):
        parsed(f"--cpu-image={word}")
