"""Deployments that the autoscaler scales: quick starts, few slots a replica, and a policy with short windows.

A replica runs four requests at 40 ms a token, so two dozen clients overload it and one core carries the fleet.
"""

import json
import os
import subprocess
import sys
from typing import Any, Final

from house.check import surroundings
from house.tree import ROOT
from tests.node.operator_stage import ROLE, Observed, answers, engine, observe_all
from tests.node.stories import Manifest, Stage
from tests.waiting import eventually

NAME: Final = "chat"
MOST: Final = 4
PLACES: Final = 4
"""Requests that one replica runs at a time."""
START_S: Final = 3
START: Final = "FAIRLEAD_ENGINE_START_SECONDS"
ROUTER: Final = f"{ROLE}=router"
STARTS: Final = {"name": "starts"}
TIMEOUT_S: Final = 180.0
"""Growing or shrinking by several replicas, on a machine that has other work."""
EXPLAINING_S: Final = 180.0
"""Beside two real engines on every core, a command needed a minute just to import its modules."""
UNDECIDED: Final = "no process of the operator has decided"
POLICY: Final[dict[str, Any]] = {
    "behavior": {"scaleDown": {"stabilizationWindowSeconds": 10, "maxStep": 1}},
    "coldStart": {"assume": f"{START_S}s", "learn": False},
    "metrics": {"staleAfter": "5s"},
}
"""Start times are learnt where tests need them: on a busy machine they take half a minute, and waits grow with them."""
LEARNS: Final = {"coldStart": {"assume": f"{START_S}s"}}
TO_ZERO: Final = {
    "behavior": {"scaleDown": {"stabilizationWindowSeconds": 4, "maxStep": 1}},
    "idle": {"scaleToZero": {"after": "6s"}},
}


class Fleet:
    """One deployment with bounds and a policy of its own."""

    def __init__(self, stage: Stage, *, least: int = 1, most: int = MOST, policy: Manifest | None = None) -> None:
        self.stage = stage
        self._bounds = {"minReplicas": least, "maxReplicas": most, "policy": {"name": NAME}}
        self._policy = POLICY | (policy or {})

    def apply(self, **changes: object) -> "Fleet":
        """Apply both objects, as their owners would; `changes` are fields of the deployment's spec."""
        spec = _spec() | {"scaling": self._bounds} | changes
        self.starts_in(START_S)
        self.stage.apply(
            _object("AutoscalingPolicy", self._policy),
            _object("InferenceDeployment", spec),
        )
        return self

    def starts_in(self, seconds: int) -> None:
        """How long replicas created from now on take to start; no change of the spec, so no new revision."""
        data = {"seconds": str(seconds)}
        self.stage.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": STARTS, "data": data})

    def observe(self) -> Observed:
        """Its current state."""
        return observe_all(self.stage)[NAME]

    def scaling(self) -> Manifest:
        """The autoscaler's last report; empty before the first."""
        return dict(self.observe().status.get("scaling") or {})

    def comes_to(self, replicas: int, within_s: float = TIMEOUT_S) -> Observed:
        """Wait until this many replicas are requested and exactly these serve."""
        eventually(lambda: self._stands(replicas), f"{replicas} of {NAME} asked for and ready", within_s)
        return self.observe()

    def _stands(self, replicas: int) -> bool:
        seen = self.observe()
        request = (seen.status.get("scaling") or {}).get("recommended")
        return (request, len(seen.pods), seen.ready) == (replicas, replicas, replicas)

    def address(self) -> str:
        """An address of its routers, once all are up: a starting router cannot hold a request."""
        eventually(lambda: self.stage.objects("deployments", ROUTER), "a Deployment of routers")
        self.stage.kubectl("rollout", "status", f"deployment/{NAME}-router", f"--timeout={TIMEOUT_S:.0f}s")
        door = eventually(lambda: self.stage.door.expose(self.stage.namespace, f"{NAME}-router", 80), "a door")
        eventually(lambda: answers(door), "the Service leads to a router")
        return door

    def disturb(self, pod: str, fault: str) -> None:
        """Inject a fault into one engine; it does not end the one in force."""
        disturb(self.stage, pod, fault)

    def explained(self, *words: str) -> str:
        """The output of `fairlead explain` for it."""
        return command(self.stage, "explain", f"infd/{NAME}", *words)

    def explained_in_full(self) -> str:
        """With its arithmetic: where real engines take all cores, another operator may just have taken over, and says
        so until it has decided itself."""
        seen = [self.explained()]

        def decided() -> bool:
            seen.append(self.explained())
            return UNDECIDED not in seen[-1]

        if UNDECIDED in seen[-1]:
            eventually(decided, "the operator that leads now has decided", EXPLAINING_S)
        return seen[-1]


def command(stage: Stage, verb: str, *words: str) -> str:
    """Run a user command in the test's namespace, with this tree's own code."""
    whole = [sys.executable, "-m", "fairlead", verb, *words, "-n", stage.namespace]
    env = os.environ | surroundings(ROOT) | {"KUBECONFIG": str(stage.door.kubeconfig)}
    ran = subprocess.run(whole, check=False, capture_output=True, text=True, env=env, timeout=EXPLAINING_S)
    assert ran.returncode == 0, f"fairlead {verb}: {ran.stdout}{ran.stderr}"
    return ran.stdout


def _object(kind: str, spec: Manifest) -> Manifest:
    return {"apiVersion": "fairlead.dev/v1alpha1", "kind": kind, "metadata": {"name": NAME}, "spec": spec}


def simulated(context: int = 8192) -> Manifest:
    """A simulated engine that reads its start time when it starts: a test may change it without a rollout."""
    made = engine(context, FAIRLEAD_ENGINE_FAULTS_API="1")
    starts = {"name": START, "valueFrom": {"configMapKeyRef": STARTS | {"key": "seconds"}}}
    return made | {"batching": {"maxSequences": PLACES}, "env": [*made["env"], starts]}


def _spec() -> dict[str, Any]:
    return {
        "model": {"source": "hf://meta-llama/Llama-3.1-8B-Instruct", "servedName": NAME},
        "engine": simulated(),
        "accelerator": {"product": "NVIDIA-L4"},
        "drain": {"settle": "3s", "timeout": "30s"},
        "rollout": {"progressDeadlineSeconds": 120},
    }


def disturb(stage: Stage, pod: str, fault: str) -> None:
    """Inject a fault into one engine; it does not end the one in force."""
    order = {"method": "POST", "headers": {"Content-Type": "application/json"}}
    script = (
        "import urllib.request as u; print(u.urlopen(u.Request("
        f"'http://127.0.0.1:8000/fairlead/v1/faults', data={json.dumps({'fault': fault})!r}.encode(), **{order!r}"
        ")).read().decode())"
    )
    stage.kubectl("exec", pod, "--", "python3", "-c", script)
