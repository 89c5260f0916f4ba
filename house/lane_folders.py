"""Where the tests are that need the same environment: the folders and files of the lanes of `make test`."""

from typing import Final

SERVING: Final = "tests/node/serving"
SCALING: Final = f"{SERVING}/scaling"
ROLLOUTS: Final = f"{SERVING}/rollouts"
CANARIES: Final = f"{SERVING}/canaries"
DIAGNOSTICS: Final = f"{SERVING}/diagnostics"
APISERVER: Final = "tests/apiserver"
OPERATED: Final = f"{APISERVER}/scaling"
FAULTS: Final = (f"{APISERVER}/test_campaign.py", f"{APISERVER}/test_crash_points.py")
"""Half of the time of the tests against an API server, in two lanes of their own."""
COMPILED: Final = "tests/router/test_compiled.py"
RUN_COMPILED: Final = ("tests/routing", "tests/router", "tests/simulator", "tests/backtest")
"""The rooms whose tests it runs again."""
ARTIFACTS: Final = "tests/house/test_artifacts.py"
REAL_ENGINES: Final = ("tests/node/vllm", "tests/node/vllm_demo")
"""Two folders, since each has a cluster with 5 GB of images in memory: the first ends before the second begins."""
REAL_SGLANGS: Final = "tests/node/sglang"
OTHER_KINDS: Final = "tests/node/kinds"
HARNESS: Final = "tests/node/harness"
LEAKS: Final = "tests/node/test_leaves_nothing_behind.py"
DEMO: Final = "tests/node/test_demo.py"
RIGHTS: Final = f"{APISERVER}/test_operator_rights.py"
LONG: Final = (
    "tests/node/test_chart_lives.py",
    *(f"{DIAGNOSTICS}/test_{name}.py" for name in ("alerts", "described")),
    f"{ROLLOUTS}/test_one_replica.py",
    *(
        f"{SERVING}/test_{name}.py"
        for name in ("batch_jobs", "campaign", "hung_replicas", "many_adapters", "migrating", "preemption")
    ),
)
"""Tests on a node that take minutes each; tests in other lanes cover in brief what they cover in detail."""
GATES: Final = tuple(
    f"{CANARIES}/test_{name}.py" for name in ("adapter_canaries", "gateway_canaries", "judge_gates", "runner_gates")
)
"""Likewise, of revisions and adapters on trial."""
BELOW_SERVING: Final = (SCALING, ROLLOUTS, CANARIES, DIAGNOSTICS, *LONG)
"""What other lanes run of the folder of the lane `serving`."""
