"""Fixtures of the vLLM lane: an interpreter that has real vLLM; nothing is started and no weights are read."""

import os

import pytest

from devcluster.cache import Cache
from fairlead.cli import vllm_check
from house import real_vllm


@pytest.fixture(scope="session", autouse=True)
def interpreter() -> None:
    """Require real vLLM, and let our commands find it."""
    os.environ[vllm_check.INTERPRETER] = str(real_vllm.python(Cache.chosen()))
