"""Who puts an evaluation's items to a model, and says which were answered right."""

from dataclasses import dataclass, field
from enum import StrEnum

from fairlead.fleet.desired_state import EnvFrom


class RunnerKind(StrEnum):
    """Who does it."""

    BUILT_IN = "BuiltIn"
    """The operator: its own requests, its own scorers."""
    LM_EVAL = "LmEval"
    """The lm-evaluation-harness, in a pod, on a task of its own form."""
    JOB = "Job"
    """A program of the user's, in a pod."""


class RunnerPass(StrEnum):
    """The work of one pod of a runner."""

    BASELINE = "baseline"
    NOISE = "noise"
    """The baseline once more, on a part of the items."""
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerProgram:
    """What a pod of a runner runs, and with how much."""

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
    """Of LmEval."""
    chat: bool = True
    """Of LmEval: whether the model is asked in messages, else in plain text."""
    metric: str = ""
    """Of LmEval: which of a sample's metrics counts; empty: the first."""

    @property
    def in_pods(self) -> bool:
        """Whether the operator asks nothing itself."""
        return self.kind is not RunnerKind.BUILT_IN
