"""Every reader of measured data, each with a small valid file."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench import sessions
from fairlead.simulator.engine.batch import StepBatch
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.replay import first_seconds, recordings
from fairlead.simulator.sweep import errors, sweep_file
from fairlead.simulator.sweep.step_table import TooFewMeasurements
from fairlead.simulator.timing import calibration_file
from fairlead.simulator.traffic import client_mix, request_traces
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.sizing import traces
from fitting import benchmark_runs, kv_intervals, kv_starts, recorded_runs
from house.tree import ROOT

TRAFFIC: Final = ROOT / "tests" / "data" / "traffic"


@dataclass(frozen=True, slots=True)
class MeasuredReader:
    """One reader, a small valid file, and how to call it."""

    name: str
    text: str
    read: Callable[[str], object]
    """Raises `ValueError`, or returns figures, or the reason why there are none."""

    @property
    def is_json(self) -> bool:
        """Whether the file has one JSON object per line instead of a table."""
        return self.text.startswith("{")


def _excerpt(name: str, lines: int) -> str:
    return "\n".join((TRAFFIC / name).read_text("utf-8").splitlines()[:lines]) + "\n"


TIMELINE: Final = "t,prompt_throughput,gen_throughput,running,waiting,kv_cache_pct\n" + "".join(
    f"{second},{prompt},{reply},{running},{waiting},{used}\n"
    for second, (prompt, reply, running, waiting, used) in enumerate(
        [(0, 0, 0, 0, 0), (4000, 100, 8, 4, 10), (4100, 300, 16, 6, 20), (0, 500, 16, 0, 22), (0, 510, 16, 0, 24)], 1
    )
)
REQUESTS: Final = "".join(
    f'{{"request_id": "{place}", "input_toks": 100, "output_toks": 10, "queued_ts": {place}.5, "first_token_ts": '
    f'{place}.75, "last_token_ts": {place + 2}.5}}\n'
    for place in range(3)
)
WORKLOAD: Final = '{"input_toks": 100, "hash_runs": [[1, 6]]}\n' * 3
SILICON: Final = (
    "id,silicon_data_source,backend,backend_version,model_path,system,precision,mode,isl,osl,gemm_quant_mode,"
    "moe_quant_mode,batch_size,num_workers,tp_size,pp_size,attention_dp_size,moe_tp_size,moe_ep_size,"
    + ",".join(
        f"{kind}_{name}"
        for kind in ("prefill", "decode")
        for name in (
            "batch_size",
            "num_workers",
            "tp_size",
            "pp_size",
            "attention_dp_size",
            "moe_tp_size",
            "moe_ep_size",
        )
    )
    + ",silicon_ttft_ms,silicon_tpot_ms\n"
    "one,db-dump/2026-04-27; silicon_concurrency=16,vllm,0.19,meta-llama/Llama-3.1-8B-Instruct,h200_sxm,fp8,agg,1000,"
    "1000,fp8,fp8,16,,1,1,1,1,1,,,,,,,,,,,,,,,100,10\n"
    "two,source_file=h.csv,trtllm,,deepseek-ai/DeepSeek-R1,gb200,fp8,disagg,1000,1000,fp8,fp8,,,,,,,,4,1,4,1,1,1,4,8,3,4,"
    "1,4,1,4,100,10\n"
    "three,source_file=h.csv,sglang,,deepseek-ai/DeepSeek-R1,h200_sxm,fp8,agg,1000,1000,fp8,fp8,8,,8,1,8,1,8,,,,,,,,,,,,,,,"
    "100,10\n"
)
CALIBRATION: Final = json.dumps(
    {"about": "x", "model": "m", "product": "p", "tensor": 1, "pipeline": 1, "weights": "none", "bandwidth": 0.7}
    | {"arithmetic": 0.5, "stretches": 12, "error": 0.03, "source": "a run"}
)


SWEEP: Final = "".join(
    json.dumps(row) + "\n"
    for row in (
        {"record": "deployment", "about": "x", "model": "m", "product": "p", "tensor": 1, "pipeline": 1}
        | {"weights": "none", "dtype": "auto", "context": 2048, "sequences": 8, "batch_tokens": 512}
        | {"engine": "vLLM 0.32.0", "command": []},
        {"record": "start", "variant": "asGiven", "kept": False, "seconds": 21.5, "phases": {"import": 12.5}}
        | {"graphs_gib": 0.5, "capacity": {"tokens": 4096, "blocks": 256, "block_tokens": 16}},
        {"record": "steps", "seconds": 0.75, "steps": 90.5, "decode_tokens": 4, "attended": 900.5, "prompts": 0}
        | {"variant": "asGiven", "work": "decode", "batch": 4, "context": 200, "prompt": 0},
        {"record": "steps", "seconds": 0.5, "steps": 5, "decode_tokens": 0, "attended": 0, "prompts": 5}
        | {"variant": "asGiven", "work": "prefill", "batch": 0, "context": 0, "prompt": 512},
        {"record": "steps", "seconds": 0.9, "steps": 70.5, "decode_tokens": 4, "attended": 950.5, "prompts": 5}
        | {"variant": "asGiven", "work": "mixed", "batch": 4, "context": 200, "prompt": 64},
        {"record": "sleep", "asleep_s": 1.5, "awake_s": 0.5, "freed_gib": 60.5, "left_gib": 1.5},
        {"record": "skipped", "what": "fp8", "why": "quantized"},
    )
)


def _swept(text: str) -> object:
    record = sweep_file.read(text)
    times = errors.step_times(record)
    if isinstance(times, TooFewMeasurements):
        return str(times)
    return [times.decode_line(8, 8), times.seconds(StepBatch(prefills=1, prefill_tokens=9)), record.capacity]


def _timeline(text: str) -> object:
    limits = EngineSettings(blocks=2588, block_tokens=16, batch_tokens=2048)
    return first_seconds.stretches(recordings.read_seconds(text), limits)


def _mix(rates: str, lengths: str) -> object:
    chance = random.Random(16)  # noqa: S311  # requests, not secrets
    windows = client_mix.windows(rates.splitlines(), lengths.splitlines())
    return [
        (one.time, one.prompt_tokens) for window in windows for one in client_mix.arrivals(window, lambda _: chance)
    ]


def _sessions(text: str) -> object:
    found = []
    for first in sessions.claude_code(text.splitlines(), range(100), 64):
        follow: RequestArrival | None = first
        while follow is not None:
            found.append((follow.time, follow.prompt_tokens, follow.output_tokens))
            follow = follow.afterwards.after(follow.time) if follow.afterwards else None
    return found


def _starts(text: str) -> object:
    context = kv_starts.catalogue_here()
    sized = [kv_intervals.sized(start) for start in kv_starts.starts(text, context)]
    return [(one.measured, one.inside, one.below, one.above, one.loose) for one in sized]


def _arrivals(text: str) -> object:
    return [(one.time, one.prompt_tokens, one.output_tokens) for one in request_traces.azure(text.splitlines())]


def _block_arrivals(text: str) -> object:
    return [(one.time, one.prompt_tokens) for one in request_traces.mooncake(text.splitlines(), 16)]


def readers() -> tuple[MeasuredReader, ...]:
    """Return all readers of measured data."""
    rates, lengths = _excerpt("servegen-rates-excerpt.csv", 5), _excerpt("servegen-lengths-excerpt.csv", 9)
    azure, mooncake = _excerpt("azure-excerpt.csv", 6), _excerpt("mooncake-excerpt.jsonl", 4)
    starts = "\n".join(kv_starts.MEASURED.read_text("utf-8").splitlines()[:5]) + "\n"
    context = kv_starts.catalogue_here()
    return (
        MeasuredReader("calibrate --recorded", TIMELINE, _timeline),
        MeasuredReader("engine --step-times", CALIBRATION, calibration_file.read),
        MeasuredReader("engine --step-times, a sweep", SWEEP, _swept),
        MeasuredReader("plan --trace, CSV", azure, traces.read),
        MeasuredReader("plan --trace, JSON lines", mooncake, traces.read),
        MeasuredReader("plan --trace, rates", rates, lambda text: traces.read_rates(text, lengths)),
        MeasuredReader("plan --trace, lengths", lengths, lambda text: traces.read_rates(rates, text)),
        MeasuredReader("simulated CSV requests", azure, _arrivals),
        MeasuredReader("simulated JSON requests", mooncake, _block_arrivals),
        MeasuredReader("simulated rates", rates, lambda text: _mix(text, lengths)),
        MeasuredReader("simulated lengths", lengths, lambda text: _mix(rates, text)),
        MeasuredReader("simulated sessions", _excerpt("claude-code-excerpt.jsonl", 2), _sessions),
        MeasuredReader("recorded requests", REQUESTS, lambda text: _recorded(text, TIMELINE, WORKLOAD)),
        MeasuredReader("recorded workload", WORKLOAD, lambda text: _recorded(REQUESTS, TIMELINE, text)),
        MeasuredReader("measured steps", SILICON, lambda text: benchmark_runs.read(text, context)),
        MeasuredReader("measured KV capacity", starts, _starts),
    )


def _recorded(requests: str, timeline: str, workload: str) -> object:
    return recorded_runs.read(requests.splitlines(), timeline, workload.splitlines())
