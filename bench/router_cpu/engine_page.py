"""A real engine's metrics page for the mocks to serve: its length and names matter, not its values."""

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Final

from house.tree import ROOT

PORT: Final = 8289
TIMEOUT_S: Final = 60.0


def write(host: str, path: Path) -> None:
    """Fetch the page of `fairlead engine` once, which has real vLLM's names and buckets, and save it."""
    words = [sys.executable, "-m", "fairlead", "engine", "--product", "NVIDIA-H100-80GB-HBM3", "--"]
    words += ["vllm", "serve", "meta-llama/Llama-3.1-8B-Instruct", "--served-model-name", "chat"]
    words += ["--max-model-len", "8192", "--host", host, "--port", str(PORT)]
    paths = {"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}", "FAIRLEAD_ENGINE_START_SECONDS": "0"}
    silence = subprocess.DEVNULL
    with subprocess.Popen(words, env=os.environ | paths, stdout=silence, stderr=silence) as process:
        try:
            path.write_bytes(_page(host))
        finally:
            process.terminate()


def _page(host: str) -> bytes:
    until = time.monotonic() + TIMEOUT_S
    while True:
        try:
            with urllib.request.urlopen(f"http://{host}:{PORT}/metrics", timeout=10) as answer:  # our own
                page: bytes = answer.read()
                return page
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
