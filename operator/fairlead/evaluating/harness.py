"""The lm-evaluation-harness as a runner: its command, and the conversion of its samples into one verdict an item."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fairlead.fleet.evaluation_runners import EvaluationRunner

RESULTS: Final = "/tmp/results"  # noqa: S108  # a volume of the pod's own
OFFLINE: Final = (
    ("HF_HUB_OFFLINE", "1"),
    ("HF_DATASETS_OFFLINE", "1"),
    ("HF_HOME", "/tmp/hub"),  # noqa: S108  # a volume of the pod's own
    ("TOKENIZERS_PARALLELISM", "false"),
)
SCRIPT: Final = """
import glob, json, subprocess, sys
results, metric = sys.argv[1], sys.argv[2]
code = subprocess.call([sys.executable, "-m", "lm_eval", *sys.argv[3:]], stdout=sys.stderr)
if code:
    sys.exit(code)
wanted, _, chosen = metric.partition(",")
for path in sorted(glob.glob(results + "/**/samples_*.jsonl", recursive=True)):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            chosen = chosen or one.get("filter", "none")
            if one.get("filter", "none") != chosen:
                continue
            key = wanted or one["metrics"][0]
            if key not in one:
                sys.exit("metric %s: a sample has %s; set spec.runner.metric to one of them" % (key, one["metrics"]))
            name = one["doc"].get("id")
            name = "line-%d" % (one["doc_id"] + 1) if name is None else name
            print(json.dumps({"id": name, "pass": float(one[key]) == 1.0}), flush=True)
"""
"""Runs the harness in its own image and prints a verdict for each sample: whole samples would fill the log. A sample
belongs to the item whose `id` its document has, or to the one on that line of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessRequest:
    """Parameters of one pass."""

    base_url: str
    model: str
    folder: str
    """Folder of the task's YAML file."""
    max_tokens: int
    seed: int
    concurrency: int
    limit: int | None = None


def command(runner: EvaluationRunner, request: HarnessRequest) -> tuple[str, ...]:
    """The whole command of the container."""
    return ("python3", "-c", SCRIPT, RESULTS, runner.metric, *_arguments(runner, request))


def _arguments(runner: EvaluationRunner, request: HarnessRequest) -> Iterator[str]:
    kind, path = ("local-chat-completions", "chat/completions") if runner.chat else ("local-completions", "completions")
    facts = {
        "model": request.model,
        "base_url": f"{request.base_url}/{path}",
        "num_concurrent": str(request.concurrency),
        "max_retries": "3",
        "tokenizer_backend": "None",
        "tokenized_requests": "False",
    }
    yield from ("--model", kind, "--model_args", ",".join(f"{name}={value}" for name, value in facts.items()))
    yield from ("--tasks", runner.task, "--include_path", request.folder)
    yield from ("--output_path", RESULTS, "--log_samples", "--seed", str(request.seed))
    yield from ("--gen_kwargs", f"max_gen_toks={request.max_tokens},temperature=0,do_sample=False")
    if runner.chat:
        yield "--apply_chat_template"
    if request.limit is not None:
        yield from ("--limit", str(request.limit))
