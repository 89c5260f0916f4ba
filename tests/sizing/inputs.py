"""Shapes and questions the sizing tests start from."""

import json
from functools import cache
from importlib.resources import files

from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.shapes import ModelShape
from fairlead.sizing import catalogue
from fairlead.sizing.catalogue import Catalogue
from fairlead.sizing.sizing_input import SizingInput

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
H100 = "NVIDIA-H100-80GB-HBM3"


@cache
def packaged_catalogue() -> Catalogue:
    """The catalogue the product ships."""
    gpus, shapes = (text(name) for name in catalogue.FILES)
    return catalogue.read(gpus, shapes)


def text(name: str) -> str:
    """One of its files."""
    return (files("fairlead.sizing") / "data" / name).read_text("utf-8")


def facts(name: str) -> dict[str, object]:
    """One model as the catalogue writes it."""
    found: dict[str, object] = json.loads(text("shapes.json"))["models"][name]
    return found


def shape(name: str = LLAMA) -> ModelShape:
    """One model."""
    return packaged_catalogue().shapes[name]


def card(product: str = H100) -> Accelerator:
    """One GPU."""
    return packaged_catalogue().accelerators[product]


def sizing_input(name: str = LLAMA, product: str = H100, context: int = 8192) -> SizingInput:
    """One model on one GPU, everything else as in the current release."""
    return SizingInput(release=CURRENT, shape=shape(name), accelerator=card(product), context=context)
