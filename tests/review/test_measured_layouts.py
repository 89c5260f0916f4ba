"""What was measured running is neither contradicted by the catalogue nor refused: formats, engines, GPUs, layouts."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from fairlead.cli import offline_data
from fairlead.fleet.quantization import WeightFormat
from fairlead.review import admission
from fitting.silicon_deployments import FORMATS
from fitting.silicon_rows import PRODUCTS

MEASURED: Final = Path(__file__).resolve().parents[1] / "data" / "silicon-layouts.csv"
ROWS: Final = list(csv.DictReader(MEASURED.read_text("utf-8").splitlines()))
OFFLINE: Final = offline_data.offline_knowledge()
CATALOGUE: Final = OFFLINE.catalogue
MODELS: Final = sorted({row["model"] for row in ROWS} & set(CATALOGUE.shapes))

ALIKE: Final = (
    {
        *(WeightFormat.FP8, WeightFormat.FP8_PER_BLOCK, WeightFormat.FP8_PER_TENSOR),
        *(WeightFormat.COMPRESSED_TENSORS_FP8, WeightFormat.MODELOPT),
    },
    {WeightFormat.NVFP4, WeightFormat.MXFP4},
)
"""The table says how many bits are computed in, so it calls gpt-oss's MXFP4 nvfp4 too."""

KINDS: Final = {
    "vllm": ("vLLM", "--enable-expert-parallel"),
    "sglang": ("SGLang", "--ep-size={}"),
    "trtllm": ("TensorRT-LLM", "--moe-expert-parallel-size={}"),
}
REFUSED: Final[Mapping[tuple[str, str, str, str], str]] = {
    ("Qwen/Qwen3-235B-A22B-FP8", "trtllm", "h100_sxm", "2"): "235 GB in 2 x 80 GB: the table's GPUs are wrong",
    ("Qwen/Qwen3-235B-A22B-FP8", "vllm", "h200_sxm", "1"): "235 GB in 141 GB: the table's GPUs are wrong",
    ("deepseek-ai/DeepSeek-R1", "sglang", "b200_sxm", "4"): "SGLang's default share is too small; runs may set another",
    ("deepseek-ai/DeepSeek-V3", "sglang", "b200_sxm", "4"): "SGLang's default share is too small; runs may set another",
    ("deepseek-ai/DeepSeek-R1", "sglang", "gb200", "72"): "the table sums the GPUs of several workers",
}


def alike(measured: str, stored: WeightFormat) -> bool:
    found = FORMATS[measured]
    return found is stored or any({found, stored} <= same for same in ALIKE)


def own_layouts() -> Iterator[dict[str, str]]:
    """Rows whose checkpoint is the catalogue's: others ran another one under the same name."""
    for row in ROWS:
        listed = row["model"] in CATALOGUE.shapes and PRODUCTS[row["system"]] in CATALOGUE.accelerators
        if listed and alike(row["format"], CATALOGUE.shapes[row["model"]].stored.format):
            yield row


@pytest.mark.parametrize("model", MODELS)
def test_the_catalogue_stores_a_model_in_a_format_in_which_it_was_measured(model: str) -> None:
    stored = CATALOGUE.shapes[model].stored.format
    measured = {row["format"] for row in ROWS if row["model"] == model}
    assert any(alike(one, stored) for one in measured), f"stored as {stored}, measured in {sorted(measured)}"


def test_no_layout_that_was_measured_is_refused() -> None:
    refused: dict[tuple[str, str, str, str], str] = {}
    layouts = list(own_layouts())
    for row in layouts:
        kind, spread = KINDS[row["backend"]]
        arguments = [spread.format(row["tensor"])] if row["spread"] == "1" else []
        document = {
            "apiVersion": "fairlead.dev/v1alpha1",
            "kind": "InferenceDeployment",
            "metadata": {"name": "chat"},
            "spec": {
                "model": {"source": f"hf://{row['model']}"},
                "accelerator": {"product": PRODUCTS[row["system"]]},
                "parallelism": {"tensor": int(row["tensor"])},
                "engine": {"kind": kind, "extraArgs": arguments, "context": {"maxTokens": 16384}},
            },
        }
        for refusal in admission.review(document, OFFLINE).refusals:
            refused.setdefault((row["model"], row["backend"], row["system"], row["tensor"]), refusal.sentence)
    assert refused.keys() == REFUSED.keys(), {key: why for key, why in refused.items() if key not in REFUSED}
    assert len(layouts) > 60
