"""Parses what SGLang 0.5.23 logs about its own start.

Phases add up to the whole. An engine with several ranks logs lines for each; those of the first rank are read.
"""

import re
from collections.abc import Sequence
from typing import Final

from fairlead.engines.start_log import LogLine, StartLog

_LOADING: Final = "Load weight begin."
_LOADED: Final = "Load weight end."
_LISTENING: Final = "Uvicorn running on "
_GRAPHS: Final = re.compile(r"Capture (.+) CUDA graph end\. elapsed=([\d.]+) s, mem usage=(-?[\d.]+) GB")
"""One line for each kind of step: `model_executor/model_runner_components/cuda_graph_setup.py`."""


def of_start(lines: Sequence[LogLine], ready_s: float) -> StartLog:
    """Split a start that took `ready_s` into phases."""
    captured: dict[str, tuple[float, float]] = {}
    for one in lines:
        if found := _GRAPHS.search(one.text):
            captured.setdefault(found[1], (float(found[2]), float(found[3])))
    seconds = sum(spent for spent, _ in captured.values())
    return StartLog(
        phases=_phases(lines, ready_s, seconds),
        graphs_gib=sum(size for _, size in captured.values()) if captured else None,
    )


def _phases(lines: Sequence[LogLine], ready_s: float, graphs_s: float) -> dict[str, float]:
    """Empty if one of the three lines of every start is missing."""
    loading, loaded, listening = (_first(lines, text) for text in (_LOADING, _LOADED, _LISTENING))
    if loading is None or loaded is None or listening is None:
        return {}
    seconds = {
        "import": loading,
        "load": loaded - loading,
        "graphs": graphs_s,
        "warmUp": listening - loaded - graphs_s,
        "serve": ready_s - listening,
    }
    return {name: max(0.0, spent) for name, spent in seconds.items()}


def _first(lines: Sequence[LogLine], text: str) -> float | None:
    return next((one.at for one in lines if text in one.text), None)
