"""What no program should write is handed to each command that reads a file or a flag: an answer, never a traceback."""

from pathlib import Path
from typing import Final

import pytest

from fairlead.cli import main
from tests.documents.hostile import HOSTILE

ENGINE: Final = ("engine", "--check", "--product", "NVIDIA-L4")
VLLM: Final = (*ENGINE, "--", "vllm", "serve", "Qwen/Qwen3-0.6B")
CALIBRATE: Final = ("calibrate", "--sweep", "--product", "NVIDIA-L4")
DEPLOYMENT: Final = """\
apiVersion: fairlead.dev/v1alpha1
kind: InferenceDeployment
metadata: {name: chat, namespace: demo}
spec:
  model: {source: "hf://Qwen/Qwen3-0.6B"}
  accelerator: {product: NVIDIA-L4}
"""
REFUSING: Final = {
    "router --check": ("router", "--check", "FILE"),
    "router --config": ("router", "--config", "FILE"),
    "validate": ("validate", "FILE"),
    "validate --products": ("validate", "--products", "FILE", "DEPLOYMENT"),
    "simulate --traffic": ("simulate", "DEPLOYMENT", "--traffic", "FILE"),
    "evaluate": ("evaluate", "FILE", "--baseline", "http://127.0.0.1:1", "--candidate", "http://127.0.0.1:1"),
    "evaluate --schema": ("evaluate", "ITEMS", "--baseline", "http://127.0.0.1:1", "--schema", "FILE"),
    "explain --record": ("explain", "--record", "FILE"),
    "replay": ("replay", "FILE"),
    "batch": ("batch", "FILE", "--to", "http://127.0.0.1:1", "--output", "OUT"),
    "batch --output": ("batch", "REQUESTS", "--to", "http://127.0.0.1:1", "--output", "FILE"),
    "engine --step-times": (*ENGINE, "--step-times", "FILE", "--", "vllm", "serve", "Qwen/Qwen3-0.6B"),
    "trtllm-serve --config": (*ENGINE, "--", "trtllm-serve", "Qwen/Qwen3-0.6B", "--config", "FILE"),
    "calibrate --config-json": (*CALIBRATE, "--config-json", "FILE", "--out", "OUT", "--", "vllm", "serve", "org/m"),
    "calibrate --draft-config-json": (
        *CALIBRATE,
        *("--draft-config-json", "FILE", "--out", "OUT", "--", "vllm", "serve", "Qwen/Qwen3-0.6B"),
    ),
    "calibrate --out": (*CALIBRATE, "--out", "FILE", "--", "vllm", "serve", "Qwen/Qwen3-0.6B"),
}
"""Commands that read FILE and can do nothing without it."""
NOTHING_IS_FINE: Final = ("calibrate --out", "batch --output", "batch", "trtllm-serve --config")
"""An empty file is a new one, holds no request, or no option."""
FLAGS: Final = {
    "--speculative-config": (*VLLM, "--speculative-config", "VALUE"),
    "--kv-events-config": (*VLLM, "--kv-events-config", "VALUE"),
    "--lora-modules": (*VLLM, "--enable-lora", "--lora-modules", "VALUE"),
    "--lora-paths": (*ENGINE, "--", "sglang", "serve", "--model-path", "m", "--enable-lora", "--lora-paths", "VALUE"),
}
UNREADABLE_BY_PYTHON: Final = (
    "a hundred thousand levels",
    "one level too many",
    "a whole number of five thousand digits",
    "the first half",
    "a control character",
)


def refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says that does nothing else."""
    assert main.main(words) in {1, 2}
    printed = capsys.readouterr()
    return (printed.err + printed.out).strip()


@pytest.mark.parametrize(
    ("entrance", "document"),
    [
        (entrance, document)
        for entrance in REFUSING
        for document in HOSTILE
        if document != "nothing" or entrance not in NOTHING_IS_FINE
    ],
)
def test_a_hostile_file_ends_with_a_sentence_about_it(
    entrance: str, document: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {name: tmp_path / name.lower() for name in ("FILE", "DEPLOYMENT", "ITEMS", "REQUESTS", "OUT")}
    files["FILE"].write_bytes(HOSTILE[document])
    files["DEPLOYMENT"].write_text(DEPLOYMENT)
    files["ITEMS"].write_text('{"input": "1 + 1"}\n')
    files["REQUESTS"].write_text('{"custom_id": "1", "method": "POST", "url": "/v1/completions", "body": {}}\n')
    message = refused(tuple(str(files.get(word, word)) for word in REFUSING[entrance]), capsys)
    assert message
    assert "recursion" not in message
    assert len(message) < 4000


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("document", UNREADABLE_BY_PYTHON)
def test_a_hostile_value_of_an_emulated_engines_flag_is_refused_in_its_parsers_words(
    flag: str, document: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = HOSTILE[document].decode()
    value = '{"lora_name": ' + value + "}" if flag == "--lora-paths" else value.replace("[[[", '{"a":[[[')
    message = refused(tuple(value if word == "VALUE" else word for word in FLAGS[flag]), capsys)
    assert flag in message
    assert "recursion" not in message


@pytest.mark.parametrize("tokens", ["NaN", "1e999", "9" * 400, "-1", "0.5", '"x"', "[1]"])
def test_draft_tokens_that_are_no_number_of_tokens_are_refused(tokens: str, capsys: pytest.CaptureFixture[str]) -> None:
    config = f'{{"method": "ngram", "num_speculative_tokens": {tokens}}}'
    assert "Input should be a valid integer from 1 to" in refused((*VLLM, "--speculative-config", config), capsys)


def test_a_hostile_kubeconfig_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config"
    monkeypatch.setenv("KUBECONFIG", str(path))
    for document in HOSTILE.values():
        path.write_bytes(document)
        assert f"KUBECONFIG: {path}: " in refused(("top",), capsys)
