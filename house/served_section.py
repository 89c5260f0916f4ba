"""The section of docs/reference/gpu.md about a served rendered command, from the records of `bench.gpu_serving`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

SUFFIX: Final = ".served.json"
_WAYS: Final[Mapping[str, str]] = {"direct": "directly", "router": "through the router"}


def section(sweep: Path) -> str:
    """Build the section; empty if nothing was served for this sweep."""
    place = sweep.with_suffix(SUFFIX)
    if not place.is_file():
        return ""
    found = json.loads(place.read_text(encoding="utf-8"))
    return "\n".join(
        [*_head(found), *_workloads(found), *_beside_it(found), *_rounds(found), *_drain(found), *_notes(found), "", ""]
    )


def _head(found: Mapping[str, Any]) -> Iterator[str]:
    measured, predicted = found["kv_tokens"], found["kv_tokens_predicted"]
    yield "### Served as rendered\n"
    yield f"`{' '.join(found['command'])}` with dummy weights, as `fairlead render` writes it.\n"
    yield (
        f"KV cache: {measured:,} tokens; `status.fit` predicts {predicted:,} "
        f"({predicted / measured - 1:+.2%}) before the first start.\n"
    )


def _workloads(found: Mapping[str, Any]) -> Iterator[str]:
    yield "Workloads outside the sweep, measured by vLLM's own histograms and predicted by the simulator:\n"
    yield "| workload | requests | TPOT | with the sweep | with packaged step times | mean TTFT | with the sweep |"
    yield "|---|---|---|---|---|---|---|"
    for row in found["workloads"]:
        token, first = row["request_pace_s"], row["time_to_first_token_s"]
        swept, packaged = row["bySweep"], row["packaged"]
        yield (
            f"| {row['name']} | {row['requests']:.0f} | {1e3 * token:.2f} ms | {_beside(swept['token_s'], token)} | "
            f"{_beside(packaged['token_s'], token)} | {1e3 * first:.1f} ms | {_beside(swept['first_token_s'], first)} |"
        )
    yield ""


def _beside(predicted: float, measured: float) -> str:
    return f"{1e3 * predicted:.2f} ms ({predicted / measured - 1:+.1%})"


def _beside_it(found: Mapping[str, Any]) -> Iterator[str]:
    """Commands that differ in one flag, on one machine, one after the other."""
    if "beside" not in found:
        return
    yield "The same workloads on one machine with a different flag; TPOT, and mean TTFT:\n"
    names = [row["name"] for row in found["beside"][0]["workloads"]]
    yield f"| command | start | KV cache | {' | '.join(names)} |"
    yield f"|---|---|---|{'---|' * len(names)}"
    for one in found["beside"]:
        yield f"| {one['name']} | {one['start_s']:.0f} s | {one['kv_tokens']:,} tokens | {_figures(one)} |"
    yield ""


def _figures(one: Mapping[str, Any]) -> str:
    return " | ".join(
        f"{1e3 * row['request_pace_s']:.2f} ms, {1e3 * row['time_to_first_token_s']:.1f} ms" for row in one["workloads"]
    )


def _rounds(found: Mapping[str, Any]) -> Iterator[str]:
    yield "`vllm bench serve`, 512 tokens in and 128 out, alternating:\n"
    yield "| requests at once | path | completed | requests/s |"
    yield "|---|---|---|---|"
    for row in found["rounds"]:
        yield f"| {row['concurrency']} | {_WAYS[row['way']]} | {row['completed']} | {row['requestsPerSecond']:.2f} |"
    yield ""


def _drain(found: Mapping[str, Any]) -> Iterator[str]:
    if "drain" in found:
        one = found["drain"]
        yield (
            f"SIGTERM under {one['streams']} streams through the router: {one['whole']} completed, in "
            f"{one['streams_s']:.1f} s; the engine exited with {one['exit_code']} after {one['exit_s']:.1f} s.\n"
        )


def _notes(found: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"- {note}" for note in found["notes"])
