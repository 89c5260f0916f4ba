"""Servers of real vLLM on CPU for evaluations: the tiny model, and the same checkpoint with noise on its weights."""

import json
import random
import shutil
import struct
import subprocess
import urllib.request
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from devcluster.cache import Cache
from house import real_vllm, tiny_model
from tests.waiting import eventually

PORT: Final = 8000
"""Where vLLM's own API is, as a relay expects it; each server has a loopback address of its own."""
START_S: Final = 300
TOKENS: Final = 16


def noisy(folder: Path, share: float) -> Path:
    """The tiny model with normal noise on every number, scaled to the spread of its tensor."""
    place = folder / "noisy"
    shutil.copytree(tiny_model.model(Cache.chosen()), place)
    path = place / "model.safetensors"
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + length]), bytearray(content[8 + length :])
    chance = random.Random(1)  # noqa: S311  # weights, not a secret
    for name, tensor in header.items():
        if name != "__metadata__":
            assert tensor["dtype"] == "F32"
            begin, end = tensor["data_offsets"]
            data[begin:end] = _with_noise(data[begin:end], share, chance)
    path.write_bytes(content[: 8 + length] + bytes(data))
    return place


def _with_noise(content: bytearray, share: float, chance: random.Random) -> bytes:
    numbers = array("f")
    numbers.frombytes(bytes(content))
    mean = sum(numbers) / len(numbers)
    spread = (sum((one - mean) ** 2 for one in numbers) / len(numbers)) ** 0.5
    return array("f", (one + chance.gauss(0.0, share * spread) for one in numbers)).tobytes()


@contextmanager
def serving(model: Path, host: str, folder: Path) -> Iterator[str]:
    """Serve it; yields its URL once it takes requests."""
    program = real_vllm.python(Cache.chosen()).parent / "vllm"
    words = [str(program), "serve", str(model), "--served-model-name", "tiny", "--enforce-eager", "--dtype", "float32"]
    words += ["--max-model-len", "1024", "--host", host, "--port", str(PORT)]
    small = {"VLLM_CPU_KVCACHE_SPACE": "1", "OMP_NUM_THREADS": "1"}
    log = folder / f"{host}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            words, env=real_vllm.environment() | small, stdout=sink, stderr=subprocess.STDOUT, cwd=folder
        )
        try:
            eventually(lambda: process.poll() is not None or healthy(host), "a server that is ready", START_S)
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
            yield f"http://{host}:{PORT}"
        finally:
            process.terminate()
            process.wait(60)


def healthy(host: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{host}:{PORT}/health", timeout=5) as reply:
            return int(reply.status) == 200
    except OSError:
        return False


def answer(url: str, question: str) -> str:
    """The model's greedy answer."""
    body = {"model": "tiny", "messages": [{"role": "user", "content": question}], "max_tokens": TOKENS}
    sent = urllib.request.Request(  # noqa: S310  # a server of ours
        f"{url}/v1/chat/completions",
        json.dumps(body | {"temperature": 0, "seed": 0}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(sent, timeout=120) as reply:  # noqa: S310  # a server of ours
        return str(json.load(reply)["choices"][0]["message"]["content"])
