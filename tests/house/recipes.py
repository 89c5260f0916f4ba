"""The five recipes of CONTRIBUTING.md as edits, small enough to read: what somebody adds, and where."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

PRODUCT: Final = Path("operator/fairlead")
FULL: Final = Path("tests/api/full_specs.py")
"""Where every field stands once, so that none is without effect."""
LAUNCH: Final = Path("tests/engines/test_launch.py")
"""Where every flag stands once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeEdit:
    """In one file, `after` is followed by more; with nothing to follow it is a new file."""

    path: Path
    after: str = ""
    more: str = ""

    def apply(self, tree: Path) -> None:
        """To the file of this copy of the tree; a second time it changes nothing."""
        path = tree / self.path
        if not self.after:
            path.write_text(self.more, encoding="utf-8")
            return
        text = path.read_text(encoding="utf-8")
        if self.after + self.more in text:
            return
        assert text.count(self.after) == 1, f"{self.path}: {text.count(self.after)} times {self.after!r}"
        path.write_text(text.replace(self.after, self.after + self.more), encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One thing that is added to the product."""

    name: str
    max_files: int
    """Of the product."""
    edits: tuple[RecipeEdit, ...]

    @property
    def files(self) -> set[Path]:
        """Those of the product that it touches; what is generated from them is no work."""
        return {edit.path for edit in self.edits if edit.path.is_relative_to(PRODUCT)}


FLAG: Final = Recipe(
    name="a vLLM flag",
    max_files=3,
    edits=(
        RecipeEdit(
            path=PRODUCT / "api" / "engine.py",
            after="""tenants, so a few are enough. Refused with TensorRT-LLM.",
    )
""",
            more="""    max_log_length: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None, description="Characters of a prompt in a log line. Default: the engine's."
    )
""",
        ),
        RecipeEdit(
            path=PRODUCT / "fleet" / "desired_state.py",
            after="    max_queued_requests: int | None = None\n",
            more="    max_log_length: int | None = None\n",
        ),
        RecipeEdit(
            path=PRODUCT / "engines" / "vllm" / "field_flags.py",
            after='    switch_row("spec.engine.sleep.enabled", "--enable-sleep-mode", lambda engine: engine.sleeps),\n',
            more="""    count_row(
        "spec.engine.batching.maxLogLength",
        "--max-log-len",
        lambda engine: engine.max_log_length,
    ),
""",
        ),
        RecipeEdit(path=FULL, after='        "batching": {', more='"maxLogLength": 5, '),
        RecipeEdit(path=LAUNCH, after="        max_queued_requests=20,\n", more="        max_log_length=5,\n"),
        RecipeEdit(path=LAUNCH, after='        "--enable-sleep-mode",\n', more='        *("--max-log-len", "5"),\n'),
    ),
)
SCORER: Final = Recipe(
    name="a routing scorer",
    max_files=2,
    edits=(
        RecipeEdit(
            path=PRODUCT / "routing" / "selection.py",
            after="    return endpoint.prompt_load + endpoint.reply_load + endpoint.others_load",
            more=''' + crowding(endpoint)


def crowding(endpoint: Endpoint) -> int:
    """What each request in flight costs those beside it, in tokens."""
    return endpoint.inflight
''',
        ),
        RecipeEdit(
            path=Path("tests/routing/test_crowding.py"),
            more='''"""Requests in flight count as load, however an engine is chosen."""

import pytest

from fairlead.fleet.gateways import Balancing
from fairlead.routing import explanations
from fairlead.routing.selection import EndpointChoice
from tests.routing.engines import request_of, table


@pytest.mark.parametrize("by_prefix", [True, False])
@pytest.mark.parametrize(("blocks", "held"), [((), ()), ((1, 2), ()), ((1, 2), (1, 2))])
def test_the_engine_with_fewer_in_flight_is_chosen_and_the_choice_explained(
    blocks: tuple[int, ...], held: tuple[int, ...], *, by_prefix: bool
) -> None:
    made = table("a", "b", balancing=Balancing(prefix=by_prefix))
    crowded, other = made.endpoints
    crowded.inflight = 3
    for one in made.endpoints:
        made.index.learn(held, one.slot)
    choice = made.choose(request_of(*blocks), 0.0)
    assert isinstance(choice, EndpointChoice)
    assert choice.endpoint is other
    rows = explanations.candidates(made, request_of(*blocks))
    assert [(row.pod, row.load) for row in rows] == [("b", 0), ("a", 3)]
    assert rows[1].adjusted_load - rows[0].adjusted_load == 3
''',
        ),
    ),
)
SIGNAL: Final = Recipe(
    name="an autoscaler signal",
    max_files=3,
    edits=(
        RecipeEdit(
            path=PRODUCT / "api" / "policy.py",
            after="""    tokens: TokenDemand | None = Field(
        default=None, description="Requested tokens against measured supply; detects a burst one cold start earlier."
    )
""",
            more="""    running: RunningRequests | None = Field(default=None, description="Requests that engines run.")
""",
        ),
        RecipeEdit(
            path=PRODUCT / "api" / "policy.py",
            after='''class KvCache(ApiModel):
    """KV cache usage."""

    target: Share = Field(
        default="0.80",
        description='Target share in use. Default "0.80". On its own a poor signal: prefix caching keeps it high.',
    )
''',
            more='''

class RunningRequests(ApiModel):
    """Requests that engines run."""

    target_per_replica: Annotated[int, Field(ge=1, le=8192)] = Field(
        default=16, description="Running requests that one replica is to have. Default 16."
    )
''',
        ),
        RecipeEdit(
            path=PRODUCT / "fleet" / "policies.py",
            after='    QUEUE_DEPTH = "queueDepth"\n',
            more='    RUNNING = "running"\n',
        ),
        RecipeEdit(
            path=PRODUCT / "fleet" / "policies.py",
            after='    QUEUE_DEPTH = "QueueDepth"\n',
            more='    RUNNING = "Running"\n',
        ),
        RecipeEdit(
            path=PRODUCT / "fleet" / "policies.py",
            after="    queue_per_replica: int | None = 2\n",
            more="    running: int | None = None\n",
        ),
        RecipeEdit(
            path=PRODUCT / "scaling" / "decide" / "pod_signals.py",
            after="SIGNALS: Final[tuple[Callable[[PodInventory, ScalingPolicy], SignalNeed | None], ...]] = (",
            more="running, ",
        ),
        RecipeEdit(
            path=PRODUCT / "scaling" / "decide" / "pod_signals.py",
            after="""def _for_all(reporting: int, silent: int) -> float:
    return (reporting + silent) / reporting if reporting else 1.0
""",
            more='''

def running(roster: PodInventory, policy: ScalingPolicy) -> SignalNeed | None:
    """The need by requests that engines run."""
    target = policy.signals.running
    if target is None:
        return None
    number = fsum(figures.running or 0.0 for _, figures in roster.measured)
    because = f"{count(number, 'request')} {verb(number, 'runs')}, {target} for each replica {verb(target, 'is')} fine"
    return SignalNeed(signal=ScalingSignal.RUNNING, replicas=ceil(number / target), because=because)
''',
        ),
        RecipeEdit(
            path=Path("tests/scaling/decide/test_running.py"),
            more='''"""The need by requests that run."""

from dataclasses import replace

from fairlead.fleet.policies import ScalingPolicy, SignalTargets
from fairlead.scaling.decide import pod_inventory, pod_signals
from tests.cli.decisions import AT
from tests.scaling.busy_fleets import fleet

POLICY = ScalingPolicy(signals=SignalTargets(running=1))


def test_each_running_request_may_ask_for_a_replica() -> None:
    facts = replace(fleet(), policy=POLICY)
    need = pod_signals.running(pod_inventory.take(facts, AT), POLICY)
    assert need is not None
    assert need.because.endswith("1 for each replica is fine")
''',
        ),
        RecipeEdit(path=FULL, after='    "signals": {', more='"running": {"targetPerReplica": 3}, '),
    ),
)
CONDITION: Final = Recipe(
    name="a status condition",
    max_files=2,
    edits=(
        RecipeEdit(
            path=PRODUCT / "fleet" / "conditions.py",
            after='''    FITS = "Fits"
    """Whether a replica fits its GPUs: by the estimate first, as the engine reports once it runs."""
''',
            more='''    WARM = "Warm"
    """Whether a replica is kept ready beyond the need."""
''',
        ),
        RecipeEdit(
            path=PRODUCT / "controller" / "status" / "conditions.py",
            after="        scaling_conditions.scaling_active(inputs),\n",
            more="        warm(inputs),\n",
        ),
        RecipeEdit(
            path=PRODUCT / "controller" / "status" / "conditions.py",
            after="""    if inputs.obstacle is not None and inputs.obstacle.reason is Why.NAME_TAKEN:
        return _no(ConditionType.ACCEPTED, inputs.obstacle.reason, inputs.obstacle.message)
    return inputs.review.accepted
""",
            more='''

def warm(inputs: StatusInputs) -> UntimedCondition:
    """Whether a replica is kept ready beyond the need."""
    counted = replica_counts.tally(inputs)
    spare = max(0, counted.ready - counted.wanted)
    message = f"ready beyond the need: {spare}; warmPool.ready of the policy keeps more, or fewer"
    return UntimedCondition(type=ConditionType.WARM, holds=spare > 0, reason=Why.AVAILABLE, message=message)
''',
        ),
    ),
)
RECIPES: Final = (FLAG, SCORER, SIGNAL, CONDITION)
"""Another kind of engine is one folder, one row and its name: tests/engines/test_another_kind.py adds one."""
