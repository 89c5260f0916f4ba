"""`python -m bench.gpu_serving.predict SERVED`: the simulator's figures beside the measured ones.

Each workload is simulated twice: with the steps of the sweep of the same deployment, and with the fitted ones, which
never saw this card.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import simulated_workload
from bench.gpu_serving.workloads import WORKLOADS
from bench.simulated_workload import PlayedWorkload
from fairlead.simulator.sweep import sweep_file
from house import gpu_page
from house.served_section import SUFFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPrediction:
    """One workload or batch on a GPU: its time per token, measured and simulated."""

    name: str
    real_ms: float
    simulated_ms: float

    @property
    def error(self) -> float:
        """Signed, relative to the measured time."""
        return self.simulated_ms / self.real_ms - 1

    @property
    def words(self) -> str:
        """Both figures in words."""
        return f"{self.name} {self.real_ms:.2f} and {self.simulated_ms:.2f} ms ({self.error:+.1%})"


def predictions(place: Path) -> list[MeasuredPrediction]:
    """Predict each workload of this file."""
    found, sweep = _read(place)
    return [_prediction(row, _play(found, row, sweep, sweep)) for row in found["workloads"]]


def elsewhere(place: Path) -> dict[str, list[MeasuredPrediction]]:
    """Predict the commands that another machine with such a card served, by name; that machine was not swept."""
    found, sweep = _read(place)
    return {
        one["name"]: [_prediction(row, _play(one, row, sweep, sweep)) for row in one["workloads"]]
        for one in found.get("beside", ())
    }


def _read(place: Path) -> tuple[dict[str, Any], Path]:
    """Read the measured file, and find the sweep of the same name beside it or in the package."""
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    beside = place.with_name(place.name.removesuffix(SUFFIX) + ".jsonl")
    return found, beside if beside.exists() else gpu_page.PACKAGED / beside.name


def _play(found: dict[str, Any], row: dict[str, Any], sweep: Path, measured: Path | None) -> PlayedWorkload:
    product = sweep_file.read(sweep.read_text(encoding="utf-8")).deployment.product
    return simulated_workload.play(WORKLOADS[row["name"]], found["command"], product, measured)


def _prediction(row: dict[str, Any], played: PlayedWorkload) -> MeasuredPrediction:
    return MeasuredPrediction(name=row["name"], real_ms=1e3 * row["request_pace_s"], simulated_ms=1e3 * played.token_s)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the predictions into the measured file."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu_serving.predict", description=__doc__)
    parser.add_argument("served", type=Path, help=f"NAME{SUFFIX}, from `python -m bench.gpu_serving --out`")
    place: Path = parser.parse_args(argv).served
    found, sweep = _read(place)
    for row in found["workloads"]:
        swept, packaged = (_play(found, row, sweep, measured) for measured in (sweep, None))
        row |= {"bySweep": asdict(swept), "packaged": asdict(packaged)}
        print(_prediction(row, swept).words)
    place.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
