"""vLLM's `--speculative-config` as the scheduler's and the memory model's values: how far ahead, and how well.

Nobody can say how often guesses hold without the model and the text, so that share is told from outside.
"""

from collections.abc import Mapping
from typing import Any, Final

from fairlead.fleet.shapes import ModelShape
from fairlead.simulator.engine.settings import SpeculationSettings
from fairlead.sizing.sizing_input import DraftSetup

_LOOKAHEAD: Final = frozenset({"eagle", "eagle3", "mtp", "draft_model", "dspark"})
"""Methods whose guesses need room in the cache before they are verified: as many slots as guesses."""
_ONE_MORE: Final = "dflash"
_REREADS: Final = frozenset({"eagle", "eagle3", "mtp"})
"""Methods that compute the last page they find in the cache once more."""


def drafting(told: Mapping[str, Any] | None, shape: ModelShape, known: Mapping[str, ModelShape]) -> DraftSetup:
    """What the guessing part takes of the memory."""
    if told is None:
        return DraftSetup()
    method = _method(told)
    tokens = int(told.get("num_speculative_tokens") or (shape.mtp_layers or 1))
    model = known.get(str(told.get("model"))) if method in {"draft_model", "eagle", "eagle3"} else None
    return DraftSetup(tokens=tokens, model=model, mtp=method == "mtp")


def speculation(
    told: Mapping[str, Any] | None, drafted: DraftSetup, acceptance: tuple[float, ...]
) -> SpeculationSettings | None:
    """What the scheduler is to do; rates in the configuration itself (vLLM's own fake acceptance) count first."""
    if told is None or drafted.tokens == 0:
        return None
    method, tokens = _method(told), drafted.tokens
    rates = tuple(float(rate) for rate in told.get("synthetic_acceptance_rates") or acceptance)
    lookahead = tokens if method in _LOOKAHEAD else tokens + 1 if method == _ONE_MORE else 0
    slots = {"draft_model": 1, _ONE_MORE: tokens}.get(method, 0)
    return SpeculationSettings(
        tokens=tokens,
        acceptance=(*rates, *(rates[-1:] * tokens))[:tokens],
        lookahead=lookahead,
        draft_slots=slots,
        rereads_page=method in _REREADS,
    )


def _method(told: Mapping[str, Any]) -> str:
    """All names that end in `_mtp` are one method; a draft's own name tells EAGLE's heads."""
    method = str(told.get("method") or "")
    if method.endswith("mtp"):
        return "mtp"
    if not method:
        return "eagle" if "eagle" in str(told.get("model", "")).lower() else "draft_model"
    return method
