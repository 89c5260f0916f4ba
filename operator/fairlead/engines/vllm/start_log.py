"""Parses what vLLM 0.32 logs about its own start and sleep.

Phases add up to the whole: what vLLM times itself is taken from its text, the rest from the times of lines.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from fairlead.engines.start_log import LogLine, StartLog

_LOADING: Final = ("Starting to load model ", "Loading model from scratch...")
"""The lines of either model runner; vLLM chooses which one runs by model and GPU."""
_READY: Final = re.compile(
    r"init engine \(profile, create kv cache, warmup model\) took ([\d.]+) s(?: \(compilation: ([\d.]+) s)?"
)
_GRAPHS: Final = re.compile(r"Graph capturing finished in ([\d.]+) secs, took (-?[\d.]+) GiB")
_FREED: Final = re.compile(r"Sleep mode freed ([\d.]+) GiB memory, ([\d.]+) GiB memory is still in use")


def of_start(lines: Sequence[LogLine], ready_s: float) -> StartLog:
    """Return the phases of a start that took `ready_s`.

    The newer model runner captures graphs twice: to learn how much memory they take, and to keep them.
    """
    graphs = [found for one in lines if (found := _GRAPHS.search(one.text))]
    return StartLog(
        phases=_phases(lines, ready_s, sum(float(one[1]) for one in graphs)),
        graphs_gib=float(graphs[-1][2]) if graphs else None,
    )


def of_sleep(lines: Iterable[LogLine]) -> tuple[float, float] | None:
    """Return the memory that the last sleep freed, and that stays in use, in GiB."""
    found = [match for one in lines if (match := _FREED.search(one.text))]
    return (float(found[-1][1]), float(found[-1][2])) if found else None


def _phases(lines: Sequence[LogLine], ready_s: float, graphs_s: float) -> dict[str, float]:
    """Empty if one of the two lines of every start is missing."""
    loading = next((one.at for one in lines if any(words in one.text for words in _LOADING)), None)
    made = next(((one.at, match) for one in lines if (match := _READY.search(one.text))), None)
    if loading is None or made is None:
        return {}
    at, whole = made[0], float(made[1][1])
    compile_s = float(made[1][2] or 0.0)
    seconds = {
        "import": loading,
        "load": at - whole - loading,
        "compile": compile_s,
        "graphs": graphs_s,
        "warmUp": whole - compile_s - graphs_s,
        "serve": ready_s - at,
    }
    return {name: max(0.0, spent) for name, spent in seconds.items()}
