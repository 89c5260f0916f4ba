"""The deployment of a sweep, from the engine's command: its model's shape, its limits, and how it starts."""

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fairlead.cli import offline_data
from fairlead.cli.sweep import draft_configs
from fairlead.cli.sweep.argument_error import SweepArgumentError
from fairlead.cli.sweep.swept_kinds import KINDS
from fairlead.cluster import package_data
from fairlead.emulator import dialects
from fairlead.emulator.engine import provision
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.engines.sweep import SweptEngine
from fairlead.fleet import accelerators
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.shapes import ModelShape
from fairlead.fleet.sweeps import EngineVariant, SkippedWork
from fairlead.simulator.sweep.measurements import SweptDeployment
from fairlead.simulator.sweep.plan import DRAFTS, SweepLimits
from fairlead.sizing import checkpoint
from fairlead.sizing.catalogue import Catalogue
from fairlead.sizing.families import MissingFact
from fairlead.sizing.sizing_input import GIB, SizingInput

_SIXTEEN: Final = frozenset({"auto", "half", "float16", "bfloat16"})
_UNKNOWN_ENGINE: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepTarget:
    """What is measured, and what the results are compared with."""

    sizing: SizingInput
    serve_arguments: ServeArguments
    words: tuple[str, ...]
    """The command's arguments after the model, as given."""
    config_json: str | None
    """The text of `--config-json`: the engine gets a folder with it instead of a model."""
    drafts: Mapping[EngineVariant, str] = field(default_factory=dict)
    """The same of `--draft-config-json`, for a draft model and an EAGLE-3 head."""
    chosen: frozenset[EngineVariant] = frozenset(EngineVariant)
    """The variants of `--variants`."""
    environment: Mapping[str, str]

    @property
    def kind(self) -> SweptEngine:
        """How its engine starts and is read."""
        return KINDS[self.serve_arguments.kind]

    @property
    def limits(self) -> SweepLimits:
        """The limits for the plan."""
        return SweepLimits(
            context=self.sizing.context,
            sequences=self.sizing.batch_sequences,
            batch_tokens=self.sizing.batch_tokens,
            quantized=self.sizing.format is not WeightFormat.NONE,
            sixteen_bit=self.serve_arguments.memory.dtype in _SIXTEEN,
            drafts=frozenset(self.drafts),
            chosen=self.chosen,
            lacks=(*self.kind.lacks(on_cpu=self.sizing.accelerator.is_cpu), *self._same_cache()),
        )

    def _same_cache(self) -> Iterator[SkippedWork]:
        if self.sizing.kv is not KvFormat.AUTO:
            yield SkippedWork(what=EngineVariant.KV_FP8, why=f"the command has a KV cache in {self.sizing.kv} already")

    def deployment(self, engine: str = _UNKNOWN_ENGINE) -> SweptDeployment:
        """The deployment in the form of the file."""
        return SweptDeployment(
            kind=self.serve_arguments.kind,
            model=self.serve_arguments.model,
            product=self.sizing.accelerator.product,
            tensor=self.sizing.parallelism.tensor,
            pipeline=self.sizing.parallelism.pipeline,
            weights=self.sizing.format.value,
            dtype=self.serve_arguments.memory.dtype,
            context=self.sizing.context,
            sequences=self.sizing.batch_sequences,
            batch_tokens=self.sizing.batch_tokens,
            engine=engine,
            command=self.words,
        )


def read(chosen: argparse.Namespace) -> SweepTarget:
    """Read the target from the arguments; raises `SweepArgumentError` or `ValueError` for invalid ones."""
    serve_arguments = dialects.read(chosen.vllm, os.environ)
    if serve_arguments.kind not in KINDS:
        raise SweepArgumentError(
            f"{serve_arguments.kind}: a sweep reads the counters of {' and '.join(KINDS)} alone; start one of them"
        )
    catalogue = offline_data.catalogue(chosen.products)
    config = _text(chosen.config_json)
    shape = _shape(serve_arguments.model, config, catalogue)
    accelerator = _accelerator(chosen.product, catalogue, KINDS[serve_arguments.kind])
    sizing = provision.question_of(serve_arguments, shape, accelerator, catalogue)
    _check(serve_arguments, sizing, chosen.gpus)
    drafts = draft_configs.read(chosen.draft_config_json or (), serve_arguments, shape.vocab)
    return SweepTarget(
        sizing=sizing,
        serve_arguments=serve_arguments,
        words=_after_the_model(chosen.vllm),
        config_json=config,
        drafts=drafts,
        chosen=_variants(chosen.variants, drafts),
        environment=os.environ,
    )


def _text(path: str | None) -> str | None:
    return None if path is None else package_data.read_text(Path(path))


def _variants(text: str | None, drafts: Mapping[EngineVariant, str]) -> frozenset[EngineVariant]:
    """Parse `--variants`: names separated by commas; without it, all."""
    if text is None:
        return frozenset(EngineVariant)
    names = [one.strip() for one in text.split(",")]
    for name in names:
        if name not in set(EngineVariant):
            raise SweepArgumentError(f"--variants {name}: unknown; write some of {', '.join(EngineVariant)}")
        if name in DRAFTS and name not in drafts:
            raise SweepArgumentError(f"--variants {name}: give its config.json by {draft_configs.OPTION}")
    return frozenset(EngineVariant(name) for name in names)


def _check(serve_arguments: ServeArguments, sizing: SizingInput, gpus: int) -> None:
    """Refuse what a sweep cannot measure."""
    parallelism = sizing.parallelism
    if parallelism.gpus != gpus:
        raise SweepArgumentError(
            f"--gpus {gpus}: the command spreads over {parallelism.gpus}; write --gpus {parallelism.gpus}"
        )
    if sizing.ranks > 1:
        raise SweepArgumentError(
            f"data parallelism of {sizing.ranks}: engines that share a process count their steps together; "
            "sweep one of them"
        )
    if serve_arguments.limits.speculation is not None:
        raise SweepArgumentError(
            "speculative decoding: steps with and without drafts cannot be distinguished; leave it out: a sweep of "
            "vLLM measures n-gram itself, and a draft model by --draft-config-json"
        )


def _accelerator(product: str, catalogue: Catalogue, kind: SweptEngine) -> Accelerator:
    """Find the accelerator; a CPU gets the memory of its configured cache, from which only blocks are computed."""
    if product == accelerators.CPU:
        return accelerators.cpu(int(os.environ.get(kind.cpu_cache or "") or 0) * GIB)
    found = catalogue.accelerators.get(product)
    if found is None:
        raise SweepArgumentError(
            f"--product {product}: not in the catalogue; write a product label as GPU feature discovery does, or "
            "CPU, or describe yours by --products"
        )
    return found


def _shape(model: str, config: str | None, catalogue: Catalogue) -> ModelShape:
    """The shape from `--config-json`, else from the model's folder, else from the catalogue."""
    folder = Path(model) / "config.json"
    text = config or (package_data.read_text(folder) if folder.is_file() else None)
    shape = catalogue.shapes.get(model) if text is None else checkpoint.read(model, text)
    if isinstance(shape, ModelShape):
        return shape
    why = shape.what if isinstance(shape, MissingFact) else "not in the catalogue, and no folder with a config.json"
    raise SweepArgumentError(f"model {model}: {why}; give its own: --config-json FILE")


def _after_the_model(words: list[str]) -> tuple[str, ...]:
    """The flags without the model, which is given separately."""
    own = words[1:] if words[:1] == ["--"] else words
    rest = own[2:]
    return tuple(rest[1:] if rest and not rest[0].startswith("-") else rest)


def model_folder(place: Path, text: str, vocabulary: int) -> Path:
    """Make a folder that engines accept as a model: its configuration, and a tokenizer of one word for each token."""
    place.mkdir(parents=True, exist_ok=True)
    words = {f"t{number}": number for number in range(vocabulary)}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "model": {"type": "WordLevel", "vocab": words, "unk_token": "t0"},
    }
    kind = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "t0"}
    for name, content in (("tokenizer.json", tokenizer), ("tokenizer_config.json", kind)):
        (place / name).write_text(json.dumps(content), encoding="utf-8")
    (place / "config.json").write_text(text, encoding="utf-8")
    return place
