"""Fixtures of the vLLM lane: an interpreter that has real vLLM; nothing is started and no weights are read."""

import os

import pytest

from devcluster.cache import Cache
from fairlead.engines.vllm.sweep import INTERPRETER
from house import real_vllm


@pytest.fixture(scope="session", autouse=True)
def interpreter() -> None:
    """Require real vLLM, and let our commands find it."""
    os.environ[INTERPRETER] = str(real_vllm.python(Cache.chosen()))
