"""The harness image follows its lock, and is what a runner's pod needs."""

from pathlib import Path

from devcluster.image import base, lm_eval, wheels
from fairlead.objects import evaluation_pods
from house import real_harness

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "locks" / "lm-eval.txt").read_text()
INSTRUCTIONS = "\n".join(line for line in lm_eval.IMAGE.dockerfile.read_text().splitlines() if not line.startswith("#"))


def test_it_has_the_harness_that_tests_run_beside_it() -> None:
    assert lm_eval.IMAGE.reference.endswith(f":{real_harness.VERSION}")
    assert wheels.blocks(LOCK)["lm-eval"].startswith(f"lm-eval=={real_harness.VERSION} ")


def test_its_user_is_the_one_of_a_runners_pod() -> None:
    assert f"\nUSER {evaluation_pods.USER}:{evaluation_pods.USER}\n" in INSTRUCTIONS


def test_what_has_no_wheel_is_pinned_and_so_is_what_builds_it() -> None:
    assert {*lm_eval.IMAGE.without_wheels, "setuptools"} <= wheels.blocks(LOCK).keys()
    assert INSTRUCTIONS.count("--require-hashes --no-build-isolation") == INSTRUCTIONS.count("pip --python") == 1


def test_its_base_is_ours() -> None:
    assert base.key(lm_eval.IMAGE.packages) == base.key()
