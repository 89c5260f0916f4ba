"""What sends an evaluation's items to a model and reports which were answered right."""

from dataclasses import dataclass, field
from enum import StrEnum

from fairlead.fleet.desired_state import EnvFrom


class RunnerKind(StrEnum):
    """Kind of runner."""

    BUILT_IN = "BuiltIn"
    """The operator: its own requests, its own scorers."""
    LM_EVAL = "LmEval"
    """The lm-evaluation-harness, in a pod, on a task in its own format."""
    JOB = "Job"
    """A user's program, in a pod."""


class RunnerPass(StrEnum):
    """The work of one pod of a runner."""

    BASELINE = "baseline"
    NOISE = "noise"
    """The baseline again, on part of the items."""
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerProgram:
    """What a runner's pod runs, and its resources."""

    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    env_from: tuple[EnvFrom, ...] = ()
    pull_secrets: tuple[str, ...] = ()
    cpu: str = "500m"
    memory: str = "2Gi"
    deadline_seconds: int = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRunner:
    """The runner of one evaluation."""

    kind: RunnerKind = RunnerKind.BUILT_IN
    program: RunnerProgram = field(default_factory=RunnerProgram)
    task: str = ""
    """For LmEval."""
    chat: bool = True
    """For LmEval: whether items are sent as chat messages; otherwise as plain text."""
    metric: str = ""
    """For LmEval: which of a sample's metrics counts; empty: the first."""

    @property
    def in_pods(self) -> bool:
        """Whether requests come from pods, not the operator."""
        return self.kind is not RunnerKind.BUILT_IN
