"""Adapters as PEFT saves them, built from a configuration and a list of tensors; and entries of a load list."""

import json
from pathlib import Path
from typing import Any, Final

from fairlead.adapting import adapter_files
from fairlead.adapting.adapter_check import AdapterExpectation
from fairlead.adapting.load_list import LoadEntry
from fairlead.fleet.adapters import engine_name
from fairlead.fleet.desired_state import ModelSource, SourceScheme

BASE: Final = "acme/tiny"
HIDDEN: Final = 16
SLOTS: Final = AdapterExpectation(max_rank=16, modules=frozenset({"q_proj", "k_proj", "v_proj"}))
OUTPUT: Final = "base_model.model.model.layers.0.self_attn.o_proj.lora_A.weight"
"""A tensor of a matrix that these slots leave out."""
CLAIM: Final = ModelSource(scheme=SourceScheme.CLAIM, location="adapters/sql")


def config(**changes: Any) -> bytes:  # noqa: ANN401  # whatever PEFT writes
    written = {
        "peft_type": "LORA",
        "base_model_name_or_path": BASE,
        "r": 8,
        "bias": "none",
        "target_modules": ["q_proj"],
    }
    return json.dumps(written | changes).encode()


def tensors(rank: int = 8, hidden: int = HIDDEN, layers: int = 2, **more: list[int]) -> dict[str, Any]:
    found: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    for layer in range(layers):
        stem = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        found[f"{stem}.lora_A.weight"] = {"dtype": "F32", "shape": [rank, hidden], "data_offsets": [0, 0]}
        found[f"{stem}.lora_B.weight"] = {"dtype": "F32", "shape": [hidden, rank], "data_offsets": [0, 0]}
    return found | {name: {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]} for name, shape in more.items()}


def header(**changes: Any) -> bytes:  # noqa: ANN401  # sizes of an adapter
    return json.dumps(tensors(**changes)).encode()


def weights(listed: bytes, rest: bytes = b"") -> bytes:
    return len(listed).to_bytes(8, "little") + listed + rest


def written(folder: Path, text: bytes | None = None, listed: bytes | None = None, rest: bytes = b"") -> Path:
    """A folder with both files; `rest` makes two adapters of the same kind differ."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / adapter_files.CONFIG).write_bytes(text or config())
    (folder / adapter_files.WEIGHTS).write_bytes(weights(listed or header(), rest))
    return folder


def entry(
    digest: str = f"sha256:{'a' * 64}",
    name: str = "sql",
    pods: frozenset[str] | None = None,
    bases: tuple[str, ...] = (),
    source: ModelSource = CLAIM,
) -> LoadEntry:
    return LoadEntry(name=engine_name(name, digest), digest=digest, source=source, pods=pods, bases=bases)
