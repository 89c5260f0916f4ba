"""The flags are vLLM's own: read from an interpreter that has it, tested here with a minimal fake."""

import json
from pathlib import Path
from typing import Any

import pytest

from devcluster.cache import Cache
from devcluster.image import sglang_cpu
from house import real_sglang, real_vllm, vllm_flags

REPORTED = {
    "flags": [
        {"names": ["--tensor-parallel-size", "-tp"], "takes": "int", "choices": []},
        {"names": ["--enable-lora", "--no-enable-lora"], "takes": "switch", "choices": []},
        {"names": ["--no-op"], "takes": "switch", "choices": []},
        {"names": ["--quantization", "-q"], "takes": "str?", "choices": []},
        {"names": ["--policy"], "takes": "str", "choices": ["fcfs", "priority"]},
        {"names": ["--mm-processor-device"], "takes": "str", "choices": ["auto", "cpu"]},
        {"names": ["--sizes"], "takes": "int+", "choices": []},
    ],
    "bounds": {"tensor_parallel_size": {"ge": 1}, "policy": {}, "unheard_of": {"gt": 0}},
    "load_formats": ["auto", "hf"],
}


@pytest.fixture
def interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ready environment with a vLLM of few flags."""
    place = tmp_path / f"vllm-{real_vllm.VERSION}"
    (place / "bin").mkdir(parents=True)
    program = place / "bin" / "python"
    program.write_text(f"#!/bin/sh\necho talk on the way\necho '{json.dumps(REPORTED)}'\n")
    program.chmod(0o755)
    (place / "ready").touch()
    monkeypatch.setenv("FAIRLEAD_CACHE", str(tmp_path))
    return program


def test_what_is_ready_is_not_made_again(interpreter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert real_vllm.python(Cache.chosen()) == interpreter
    assert real_vllm.main() == 0
    assert str(interpreter) in capsys.readouterr().out


def test_vllm_is_kept_from_the_network_and_from_our_modules() -> None:
    assert real_vllm.environment()["HF_HUB_OFFLINE"] == "1"
    assert real_vllm.environment()["PYTHONPATH"] == ""


def test_the_sglang_environment_is_its_own_and_has_the_stand_in_for_its_kernels(tmp_path: Path) -> None:
    place = tmp_path / f"sglang-{real_sglang.VERSION}"
    place.mkdir()
    (place / "ready").touch()
    assert real_sglang.python(Cache(tmp_path)) == place / "bin" / "python"
    real_sglang.VENV.finish(tmp_path)
    assert (tmp_path / "sgl_kernel" / "__init__.py").read_bytes() == sglang_cpu.KERNELS.read_bytes()
    wanted = {"SGLANG_USE_CPU_ENGINE": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    assert wanted.items() <= real_sglang.environment().items()


def test_a_negation_follows_from_its_flag_and_is_not_written(interpreter: Path) -> None:
    text = vllm_flags.rendered(vllm_flags.listed_flags(interpreter))
    assert '"switch": """\nenable-lora no-op\n"""' in text


def test_each_flag_is_recorded_with_what_it_takes_its_choices_and_its_bounds(interpreter: Path) -> None:
    found: dict[str, Any] = {}
    exec(vllm_flags.rendered(vllm_flags.listed_flags(interpreter)), found)  # noqa: S102 - a module of our own

    assert found["KINDS"] == {
        **dict.fromkeys(("tensor-parallel-size", "-tp"), "integer"),
        **dict.fromkeys(("enable-lora", "no-op"), "switch"),
        **dict.fromkeys(("quantization", "-q"), "text?"),
        **dict.fromkeys(("policy", "mm-processor-device"), "text"),
        "sizes": "integer+",
    }
    assert found["LONG"] | found["SHORT"] == found["KINDS"].keys()
    assert found["SHORT"] == {"-tp", "-q"}
    assert found["CHOICES"] == {"policy": ("fcfs", "priority")}, "a device's choices are those of the machine"
    assert found["BOUNDS"] == {"-tp": (">=1",), "tensor-parallel-size": (">=1",)}
    assert found["LOAD_FORMATS"] == ("auto", "hf")


@pytest.mark.usefixtures("interpreter")
def test_another_vllm_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    assert vllm_flags.main(["--drift"]) == 1
    assert "run `python -m house.vllm_flags` and commit it" in capsys.readouterr().out


@pytest.mark.usefixtures("interpreter")
def test_what_it_says_is_written_and_then_is_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_flags, "FILE", tmp_path / "known_flags.py")
    assert vllm_flags.main([]) == 0
    assert vllm_flags.main(["--drift"]) == 0
