"""vLLM's `--speculative-config` as settings of the scheduler and the memory model: draft length and acceptance rate.

The acceptance rate depends on model and text, so a knob or the configuration sets it.
"""

from collections.abc import Mapping
from typing import Any, Final

from fairlead.emulator.engine import draft_schedule
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.engines.catalogue import ENGINES
from fairlead.fleet import draft_cost
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.shapes import ModelShape
from fairlead.simulator.engine.settings import SpeculationSettings
from fairlead.sizing.sizing_input import DraftSetup

_LOOKAHEAD: Final = frozenset({"eagle", "eagle3", "mtp", "draft_model", "dspark"})
"""Methods whose draft tokens need a KV cache slot each before they are verified."""
_LOOKUPS: Final = {"ngram": draft_cost.BY_HOST, "suffix": draft_cost.BY_HOST, "ngram_gpu": draft_cost.BY_GPU}
"""Methods without a model, and where they look drafts up."""
_ONE_MORE: Final = "dflash"
_REREADS: Final = frozenset({"eagle", "eagle3", "mtp"})
"""Methods that compute the last cached block again."""


def drafting(
    serve_arguments: ServeArguments, shape: ModelShape, shapes: Mapping[str, ModelShape], *, on_cpu: bool
) -> DraftSetup:
    """Return what drafting takes of the GPU's memory and of a step."""
    config = serve_arguments.limits.speculation
    if config is None:
        return DraftSetup()
    method = _method(config)
    tokens = int(config.get("num_speculative_tokens") or (shape.mtp_layers or 1))
    model = shapes.get(str(config.get("model"))) if method in {"draft_model", "eagle"} else None
    launched = SpeculationMethod.DRAFT_MODEL if method == "draft_model" else SpeculationMethod.OFF
    return DraftSetup(
        tokens=tokens,
        model=model,
        mtp=method == "mtp",
        head=method == "eagle3",
        lookup=_LOOKUPS.get(method),
        layer_launch_s=ENGINES[serve_arguments.kind].draft_cost.layer_launch_s(launched, on_cpu=on_cpu),
    )


def speculation(
    config: Mapping[str, Any] | None, drafted: DraftSetup, acceptance: tuple[float, ...]
) -> SpeculationSettings | None:
    """Return the scheduler's settings; rates in the configuration (vLLM's synthetic acceptance) take precedence.

    `ValueError` says what is wrong with the tokens by batch size.
    """
    if config is None or drafted.tokens == 0:
        return None
    method, tokens = _method(config), drafted.tokens
    rates = tuple(float(rate) for rate in config.get("synthetic_acceptance_rates") or acceptance)
    lookahead = tokens if method in _LOOKAHEAD else tokens + 1 if method == _ONE_MORE else 0
    slots = {"draft_model": 1, _ONE_MORE: tokens}.get(method, 0)
    return SpeculationSettings(
        tokens=tokens,
        by_batch=draft_schedule.read(config.get(draft_schedule.FIELD), tokens),
        acceptance=(*rates, *(rates[-1:] * tokens))[:tokens],
        lookahead=lookahead,
        draft_slots=slots,
        rereads_page=method in _REREADS,
    )


def _method(config: Mapping[str, Any]) -> str:
    """Names that end in `mtp` are one method; without a name the draft model's name decides."""
    method = str(config.get("method") or "")
    if method.endswith("mtp"):
        return "mtp"
    if not method:
        return "eagle" if "eagle" in str(config.get("model", "")).lower() else "draft_model"
    return method
