"""Stand-ins for the files that pages call the reader's own: small ones, under the names that the pages use."""

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import fairlead
from bench.random_histories import records
from fairlead.scaling.explain import record_codec
from tests.adapting import adapters
from tests.cli.decisions import decided

BEGAN: Final = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
REQUESTS: Final = 1200
POLICY: Final = """\
apiVersion: fairlead.dev/v1alpha1
kind: AutoscalingPolicy
metadata: {name: chat}
spec:
  objectives: {ttftP95: 2s, tpotP95: 100ms}
"""
CHAT: Final = """\
apiVersion: fairlead.dev/v1alpha1
kind: InferenceDeployment
metadata: {name: chat}
spec:
  model: {source: "hf://meta-llama/Llama-3.1-8B-Instruct"}
  engine: {context: {maxTokens: 16384}}
  accelerator: {product: NVIDIA-L40S}
"""
ROUTER: Final = """\
endpoints: ["127.0.0.1:8000"]
models: [chat]
routing:
  tenants:
    - {name: shop, keys: [{file: shop.key}]}
"""
SCHEMA: Final = {"type": "object", "properties": {"city": {"enum": ["Paris", "Rome"]}}, "required": ["city"]}


def put(folder: Path) -> None:
    """Write all of them."""
    scaled = f"{CHAT}  scaling: {{minReplicas: 1, maxReplicas: 3, policy: {{name: chat}}}}\n"
    texts = {
        "chat.yaml": f"{scaled}---\n{POLICY}",
        "candidates.yaml": f"{CHAT.replace('name: chat', 'name: one-l40s')}  replicas: 1\n---\n{scaled}---\n{POLICY}",
        "candidate-policy.yaml": POLICY.replace("2s", "1s"),
        "requests.csv": "\n".join(_azure()),
        "router.yaml": ROUTER,
        "shop.key": "sk-shop",
        "support.jsonl": "\n".join(_items()),
        "requests.jsonl": "\n".join(_batch()),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    packed = {"last-week.jsonl.gz": "\n".join(access_lines()), "azure-llm-2023-conv.csv.gz": "\n".join(_azure())}
    for name, text in packed.items():
        (folder / name).write_bytes(gzip.compress(text.encode()))
    (folder / "decisions.jsonl").write_bytes(_decisions())
    for name in ("chat-sql", "adapter"):
        adapters.written(folder / name)


def access_lines(count: int = REQUESTS) -> list[str]:
    """Access lines in a router's format, with an L40S's timing."""
    usual = {"status": 200, "stream": True, "prompt_tokens": 800, "output_tokens": 100, "ttft_ms": 100, "tpot_ms": 20}
    return [json.dumps({"time": _time(number), "request_id": f"r{number}"} | usual) for number in range(count)]


def _azure() -> list[str]:
    rows = (f"2023-11-16 18:{15 + n // 240}:{n // 4 % 60:02}.0000000,{600 + n % 400},{60 + n % 80}" for n in _numbers())
    return ["TIMESTAMP,ContextTokens,GeneratedTokens", *rows]


def _batch() -> list[str]:
    url = "/v1/chat/completions"
    return [
        json.dumps(
            {
                "custom_id": f"ticket-{number}",
                "method": "POST",
                "url": url,
                "body": {
                    "model": "chat",
                    "messages": [{"role": "user", "content": f"Summarize ticket {number}"}],
                    "max_tokens": 32,
                },
            }
        )
        for number in range(60)
    ]


def _items() -> list[str]:
    about = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA}}
    return [
        json.dumps({"input": f"Where is museum {number}?", "target": SCHEMA, "response_format": about})
        for number in range(400)
    ]


def _decisions() -> bytes:
    random_ones = records(random.Random(3))  # noqa: S311 - a history that is always the same
    kept = [one for one in random_ones if one.version == fairlead.__version__]
    return b"".join(record_codec.encode(one) + b"\n" for one in (*kept, decided()))


def _numbers() -> range:
    return range(REQUESTS)


def _time(number: int) -> str:
    return (BEGAN + timedelta(seconds=number / 4)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
