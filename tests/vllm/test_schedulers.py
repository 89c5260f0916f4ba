"""Our scheduler beside vLLM's own: the same requests, tokens, order, preemptions, ends and free pages in every step."""

import json
import os
import subprocess
from typing import Final

from devcluster.cache import Cache
from house import real_vllm
from house.tree import ROOT

CASES: Final = "200"


def test_our_scheduler_takes_every_step_as_vllms_own_does() -> None:
    program = [str(real_vllm.python(Cache.chosen())), str(ROOT / "tests" / "vllm" / "schedulers.py"), CASES]
    env = real_vllm.environment() | {"PYTHONPATH": os.pathsep.join((str(ROOT / "operator"), str(ROOT)))}
    ran = subprocess.run(program, env=env, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["differences"] == []
    assert found["cases"] == int(CASES)
    assert min(found["steps"], found["preemptions"], found["hits"], found["drafts"]) > 100, found
