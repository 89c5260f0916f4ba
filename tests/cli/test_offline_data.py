"""What commands find by themselves: local models, and custom products."""

import gzip
import json
from pathlib import Path

import pytest

from fairlead.cli.main import main
from fairlead.cluster.package_data import BROKEN_GZIP

LLAMA = {
    "model_type": "llama",
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "intermediate_size": 14336,
    "max_position_embeddings": 8192,
}


def deployment(source: str, **engine: object) -> str:
    spec = {"model": {"source": source}, "engine": engine, "accelerator": {"product": "NVIDIA-L4"}}
    kind = {"apiVersion": "fairlead.dev/v1alpha1", "kind": "InferenceDeployment"}
    return json.dumps({**kind, "metadata": {"name": "chat"}, "spec": spec})


def test_a_model_in_a_local_folder_is_sized_by_its_own_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))
    draft = {"method": "draftModel", "draft": {"source": str(tmp_path)}}
    (tmp_path / "chat.yaml").write_text(deployment(str(tmp_path), speculation=draft))
    main(["validate", "-o", "json", str(tmp_path / "chat.yaml")])
    fit = json.loads(capsys.readouterr().out)[0]["fit"]
    assert fit["verdict"] == "no"
    assert "tokens" in fit["because"] or "GiB" in fit["because"]


def test_products_of_ones_own_are_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("products:\n  - {product: NVIDIA-L4, priceUsdHour: 0.01}\n")
    words = ["plan", "meta-llama/Llama-3.1-8B-Instruct", "--rate", "1", "--prompt", "10,20,30", "--reply", "10,20,30"]
    assert main([*words, "--products", str(own)]) == 0
    assert "x NVIDIA-L4" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("products: [{}]", "products[0].product: expected the label"),
        ("- 1", "products: a list is expected"),
        ("products: [", "no YAML"),
        ("products: [{product: X, memoryMib: null, computeCapability: '9.0'}]", "products[0].memoryMib: wanted, as X"),
        ("products: [{product: NVIDIA-L4, memoryMib: 9, memoryMib: 8}]", "the field memoryMib is there twice"),
        (
            "products: [{product: NVIDIA-L4, priceUsdHour: 1}, {product: NVIDIA-L4, priceUsdHour: 2}]",
            "products[1].product: NVIDIA-L4 is there twice",
        ),
    ],
)
def test_invalid_products_are_reported_with_the_reason(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(text)
    (tmp_path / "chat.yaml").write_text(deployment("hf://org/model"))
    for command in (["validate", str(tmp_path / "chat.yaml")], ["render", str(tmp_path / "chat.yaml")], ["plan", "m"]):
        assert main([*command, "--products", str(own)]) == 2
        assert words in capsys.readouterr().err


@pytest.mark.parametrize("command", ["operator", "controller", "autoscaler"])
def test_a_process_does_not_start_with_invalid_products(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.yaml"
    assert main([command, "--products", str(own)]) == 2
    assert "No such file" in capsys.readouterr().err
    own.write_text("products:\n  - {product: NVIDIA-L4, priceUsdHour: free}\n")
    assert main([command, "--products", str(own)]) == 2
    assert "products[0].priceUsdHour: 'free' is not a number above 0" in capsys.readouterr().err


CUT = gzip.compress(b"products: []" * 100, mtime=0)[:-20]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cut.gz", CUT, BROKEN_GZIP),
        ("odd.gz", CUT[:12] + b"\xff" * 40, BROKEN_GZIP),
        ("plain.gz", b"products: []", BROKEN_GZIP),
        ("bin.yaml", b"\xc7\x00", "it is not UTF-8 text; save it as UTF-8"),
        ("none.yaml", None, "No such file or directory; give a file that can be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_option(
    name: str, content: bytes | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "chat.yaml").write_text(deployment("hf://org/model"))
    given = tmp_path / name
    if content is not None:
        given.write_bytes(content)
    checked = ["validate", str(tmp_path / "chat.yaml")]

    assert main([*checked, "--products", str(given)]) == 2
    assert capsys.readouterr().err == f"fairlead validate: --products {given}: {words}\n"
    assert main([*checked, "--config-json", f"org/model={given}"]) == 2
    assert capsys.readouterr().err == f"fairlead validate: --config-json org/model={given}: {words}\n"


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "chat.yaml").write_text(deployment("hf://org/model"))
    own, config = tmp_path / "own.yaml", tmp_path / "config.json"
    own.write_text("products: [{product: NVIDIA-L4, priceUsdHour: 1}]", encoding="utf-8-sig")
    config.write_text(json.dumps(LLAMA), encoding="utf-8-sig")
    words = ["validate", str(tmp_path / "chat.yaml"), "--products", str(own), "--config-json", f"org/model={config}"]

    assert main(words) == 0
    assert "certainly holds 1 request of 8192 tokens" in capsys.readouterr().out
