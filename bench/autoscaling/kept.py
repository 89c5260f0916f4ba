"""Cached results of runs that do not depend on how Fairlead decides.

The key is everything a run depends on: the traffic, the part, the cold start, the contestant and its setting, the
recorded traces, and the sources of the simulator and of the contestant. Fairlead itself always runs.
"""

import hashlib
import os
import sys
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from bench import simulated_fleets
from bench.autoscaling import playing
from bench.autoscaling.playing import Played, Stage
from fairlead.simulator.virtual_fleet.replicas import ScalingHook
from house import reach, tree
from house.tree import ROOT

FOLDER: Final = ROOT / ".build/autoscaling"
SOURCES: Final = (
    "bench.autoscaling.playing",
    "bench.autoscaling.traffic",
    "bench.autoscaling.foreknowing",
    "fairlead.backtest.baselines",
)
"""With all that they import."""
BESIDE: Final = (Path("bench/autoscaling/contestants.py"), Path("bench/autoscaling/searching.py"))
"""Files that count alone: what they import of Fairlead's decisions affects no cached run."""
PACKAGE: Final = Path("operator/fairlead")
"""Its data files, such as the catalogue of accelerators, count too."""
DATA: Final = ("azure-llm-2023-conv.csv.gz", "mooncake-synthetic.jsonl.gz", "servegen")
_DECODER: Final = msgspec.json.Decoder(Played)


def played(stage: Stage, who: str, scaling: ScalingHook | None = None) -> Played:
    """The cached result if there is one, else that of a run from the first arrival on."""
    place = FOLDER / f"{_key(stage, who)}.json"
    if place.exists():
        return _DECODER.decode(place.read_bytes())
    run = playing.played(stage, who, scaling)
    print(f"{stage.traffic.name}, {stage.cold_s:.0f} s, {who}: {run.attainment:.1%}", file=sys.stderr, flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    fresh = place.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(msgspec.json.encode(run))
    fresh.replace(place)
    return run


def _key(stage: Stage, who: str) -> str:
    part = stage.part
    words = (
        stage.traffic.name,
        part.since,
        part.until,
        part is stage.traffic.tuning,
        stage.cold_s,
        stage.replicas,
        who,
    )
    return hashlib.sha256("\0".join((digest(), *map(str, words))).encode()).hexdigest()


@cache
def digest() -> str:
    """The hash of the sources and the recorded traffic."""
    files = tree.files(ROOT)
    modules = {reach.module(path): path for path in files if path.suffix == ".py"}
    sources = {modules[name] for name in reach.closure(ROOT, modules, SOURCES)}
    sources |= {path for path in files if path.suffix != ".py" and path.is_relative_to(PACKAGE)}
    found = hashlib.sha256(sys.version.encode())
    for path in (*(ROOT / one for one in (*sorted(sources), *BESIDE)), *_data()):
        found.update(path.name.encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def _data() -> list[Path]:
    named = [simulated_fleets.traces() / name for name in DATA]
    return [file for one in named for file in (sorted(one.iterdir()) if one.is_dir() else [one])]
