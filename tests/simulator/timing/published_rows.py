"""Inputs and small published texts for the tests of step times."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.desired_state import Parallelism
from fairlead.simulator.engine.batch import StepBatch
from fairlead.simulator.timing import catalogue, fitted_sets
from fairlead.simulator.timing.fitted_sets import FittedSets
from fairlead.simulator.timing.step_times import PhysicalStepTimes
from fairlead.sizing import catalogue as sizing_catalogue
from fairlead.sizing.catalogue import Catalogue
from fairlead.sizing.sizing_input import SizingInput

DENSE = "meta-llama/Llama-3.1-70B-Instruct"
SMALL = "meta-llama/Llama-3.1-8B-Instruct"
EXPERTS = "deepseek-ai/DeepSeek-R1"
H200 = "NVIDIA-H200"
_LAYOUT = ("batch_size", "num_workers", "tp_size", "pp_size", "attention_dp_size", "moe_tp_size", "moe_ep_size")
COLUMNS = (
    *("id", "silicon_data_source", "backend", "backend_version", "model_path", "system", "precision", "mode"),
    *("isl", "osl", "gemm_quant_mode", "moe_quant_mode"),
    *(f"{kind}{name}" for kind in ("", "prefill_", "decode_") for name in _LAYOUT),
    *("silicon_ttft_ms", "silicon_tpot_ms"),
)
TOGETHER = {
    "id": "row",
    "silicon_data_source": "db-dump/2026-04-27; silicon_concurrency=16; measured=2026-04-01T00:00:00.000Z",
    "backend": "vllm",
    "model_path": "meta-llama/Llama-3.1-8B-Instruct",
    "system": "h200_sxm",
    "mode": "agg",
    "isl": "1000",
    "osl": "1000",
    "gemm_quant_mode": "fp8",
    "moe_quant_mode": "fp8",
    "tp_size": "1",
    "attention_dp_size": "1",
    "moe_tp_size": "1",
    "moe_ep_size": "1",
    "silicon_ttft_ms": "100",
    "silicon_tpot_ms": "10",
}
APART = {name: value for name, value in TOGETHER.items() if "tp_size" not in name and "ep_size" not in name} | {
    "mode": "disagg",
    "model_path": EXPERTS,
    "system": "gb200",
    "backend": "trtllm",
    **{f"{kind}{name}": "4" for kind in ("prefill_", "decode_") for name in ("tp_size", "moe_ep_size")},
}


@cache
def packaged_catalogue() -> Catalogue:
    """The catalogue the product ships."""
    folder = files("fairlead.sizing") / "data"
    return sizing_catalogue.read(*((folder / name).read_text("utf-8") for name in sizing_catalogue.FILES))


@cache
def packaged() -> FittedSets:
    """The sets the product ships."""
    return fitted_sets.read((files("fairlead.simulator") / "data" / fitted_sets.FILE).read_text("utf-8"))


def question(model: str = SMALL, product: str = H200, tensor: int = 1, **more: object) -> SizingInput:
    """A catalogue model on a catalogue GPU."""
    inputs = SizingInput(
        release=CURRENT,
        shape=packaged_catalogue().shapes[model],
        accelerator=packaged_catalogue().accelerators[product],
        context=8192,
        parallelism=Parallelism(tensor=tensor),
    )
    return replace(inputs, **more)  # type: ignore[arg-type]


def times(inputs: SizingInput, fitted: FittedSets | None = None) -> PhysicalStepTimes:
    """The step times of a GPU whose rates are known."""
    found = catalogue.step_times(inputs, fitted)
    assert isinstance(found, PhysicalStepTimes)
    return found


def decoding(requests: int, context: int = 1000) -> StepBatch:
    """This many requests, each with this context."""
    return StepBatch(decodes=requests, decode_tokens=requests, decode_context=requests * context)


def reading(prompt: int, beside: StepBatch | None = None) -> StepBatch:
    """One whole prompt, alone or beside decodes."""
    return replace(
        beside or StepBatch(),
        prefills=1,
        prefill_tokens=prompt,
        prefill_pairs=prompt * (prompt + 1) // 2,
        prefill_context=prompt,
    )


def text(*rows: dict[str, str]) -> str:
    """A published text with these rows."""
    return "\n".join([",".join(COLUMNS), *(_line(row) for row in rows), ""])


def _line(row: dict[str, str]) -> str:
    return ",".join(row.get(name, "") for name in COLUMNS)


def sweep(model: str, system: str, loads: Sequence[int]) -> list[dict[str, str]]:
    """One configuration at several concurrencies, with times that grow as a step's do."""
    return [
        TOGETHER
        | {
            "id": f"{model}-{system}-{clients}",
            "model_path": model,
            "system": system,
            "silicon_data_source": f"source_file=h200.csv; silicon_concurrency={clients}",
            "silicon_tpot_ms": f"{len(model) + 0.1 * clients:.4f}",
            "silicon_ttft_ms": f"{60 + 3 * clients:.4f}",
        }
        for clients in loads
    ]
