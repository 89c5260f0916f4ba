"""The pod of one pass of an evaluation's runner: the user's program or the harness, and our relay to one side.

The program reaches no more of the cluster than any pod; it reaches engines through the relay, on loopback.
"""

from dataclasses import dataclass
from typing import Final

from fairlead.api.kinds import GROUP
from fairlead.evaluating import harness
from fairlead.evaluating.harness import HarnessRequest
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.evaluation_runners import EvaluationRunner, RunnerKind, RunnerPass
from fairlead.fleet.item_sources import ItemSource
from fairlead.objects import engine_pods, evaluation_pods, labels, names, security
from fairlead.objects.evaluation_pods import CONTAINER, ITEMS, NO_GPU, RELAY, PodWork, SourceWay, WorkOwner
from fairlead.objects.installation import Installation
from fairlead.objects.manifest import Manifest
from fairlead.objects.pull_secrets import pulled

ADDRESSES: Final = f"{GROUP}/engine-pods"
"""An annotation: the addresses of the pods that serve, kept by the operator and read by the relay."""
SOURCE: Final = "/source"
FILE: Final = "items.jsonl"
PORT: Final = 8080
BASE_URL: Final = f"http://127.0.0.1:{PORT}/v1"
_PODS: Final = "/pods"
_LISTENS: Final = f"import socket; socket.create_connection(('127.0.0.1', {PORT}), 1)"
_FOR_START: Final = 120
"""Seconds within which the relay listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerWork:
    """What one pass sends, and to which side."""

    owner: WorkOwner
    deployment: str
    """Its name, or that of an adapter."""
    serving: str
    """The deployment whose engines answer: their network policy admits its runners alone."""
    revision: str
    work: RunnerPass
    runner: EvaluationRunner
    source: ItemSource
    max_tokens: int
    seed: int
    concurrency: int
    model: str
    kind: EngineKind
    addresses: tuple[str, ...]
    content: str
    """The digest of the items' file."""
    key: str
    """Everything that decides its verdicts."""
    limit: int | None = None


def manifest(work: RunnerWork, installation: Installation) -> Manifest:
    """Build the whole pod."""
    way = evaluation_pods.ways_to(work.source, SOURCE if work.runner.kind is RunnerKind.JOB else ITEMS)
    is_job = work.runner.kind is RunnerKind.JOB
    program = work.runner.program
    spec = {
        "initContainers": [*([_copy(work, way, installation)] if is_job else []), _relay(work, installation)],
        "containers": [_program(work, way)],
        "volumes": [*way.volumes, *_volumes(is_job=is_job)],
        **pulled((*installation.pull_secrets, *program.pull_secrets, *way.pull_secrets)),
    }
    return evaluation_pods.pod(
        work.owner,
        PodWork(
            name=names.runner(work.deployment, work.revision, work.work),
            seconds=program.deadline_seconds,
            key=work.key,
            labels={labels.DEPLOYMENT: work.serving},
            notes={ADDRESSES: ",".join(work.addresses)},
        ),
        spec,
        installation,
    )


def _relay(work: RunnerWork, installation: Installation) -> Manifest:
    """Build the relay: a restartable init container (sidecar), since it must run as long as the program."""
    words = ["--addresses", f"{_PODS}/addresses", "--kind", work.kind.value, "--concurrency", str(work.concurrency)]
    return evaluation_pods.ours(installation, ["evaluator", "relay", *words, "--port", str(PORT)]) | {
        "name": RELAY,
        "restartPolicy": "Always",
        "env": list(NO_GPU),
        "startupProbe": {
            "exec": {"command": ["python3", "-c", _LISTENS]},
            "periodSeconds": 1,
            "timeoutSeconds": 5,
            "failureThreshold": _FOR_START,
        },
        "volumeMounts": [{"name": "pods", "mountPath": _PODS, "readOnly": True}],
    }


def _copy(work: RunnerWork, way: SourceWay, installation: Installation) -> Manifest:
    """Build the copy of the items: each gets its id, and the file must be the one that the operator read."""
    words = ["--to", f"{ITEMS}/{FILE}", "--digest", work.content]
    words += ["--limit", str(work.limit)] if work.limit is not None else []
    return evaluation_pods.ours(installation, ["evaluator", "copy", *way.words, *words]) | {
        "name": "copy",
        "env": [*NO_GPU, *way.env],
        "volumeMounts": [*way.mounts, {"name": "items", "mountPath": ITEMS}],
    }


def _program(work: RunnerWork, way: SourceWay) -> Manifest:
    program, is_job = work.runner.program, work.runner.kind is RunnerKind.JOB
    mounts = [{"name": "items", "mountPath": ITEMS, "readOnly": True}] if is_job else way.mounts
    return {
        "name": CONTAINER,
        "image": program.image,
        **(_words(work) if is_job else {"command": [engine_pods.escaped(one) for one in _harness(work, way)]}),
        "env": _environment(work, way),
        "resources": {
            "requests": {"cpu": program.cpu, "memory": program.memory},
            "limits": {"memory": program.memory},
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": security.of_container(),
        "volumeMounts": [*mounts, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108  # a volume of its own
    }


def _words(work: RunnerWork) -> Manifest:
    """Return the command as the user wrote it, `$(NAME)` included, which Kubernetes expands as usual."""
    program = work.runner.program
    found = {"command": list(program.command), "args": list(program.args)}
    return {name: words for name, words in found.items() if words}


def _harness(work: RunnerWork, way: SourceWay) -> tuple[str, ...]:
    return harness.command(
        work.runner,
        HarnessRequest(
            base_url=BASE_URL,
            model=work.model,
            folder=way.words[-1].rpartition("/")[0],
            max_tokens=work.max_tokens,
            seed=work.seed,
            concurrency=work.concurrency,
            limit=work.limit,
        ),
    )


def _environment(work: RunnerWork, way: SourceWay) -> list[Manifest]:
    """Keep each name once, since an apply with a name twice is refused; the user's own value wins."""
    given = _given(work)
    names = {one["name"] for one in given}
    return [*(one for one in _variables(work, way) if one["name"] not in names), *given]


def _variables(work: RunnerWork, way: SourceWay) -> list[Manifest]:
    is_job = work.runner.kind is RunnerKind.JOB
    found = {
        "OPENAI_BASE_URL": BASE_URL,
        "OPENAI_API_KEY": "none",
        "FAIRLEAD_MODEL": work.model,
        "FAIRLEAD_SIDE": "candidate" if work.work is RunnerPass.CANDIDATE else "baseline",
        "FAIRLEAD_ITEMS": f"{ITEMS}/{FILE}" if is_job else way.words[-1],
        "FAIRLEAD_MAX_TOKENS": str(work.max_tokens),
        "FAIRLEAD_SEED": str(work.seed),
        "FAIRLEAD_CONCURRENCY": str(work.concurrency),
        "HOME": "/tmp",  # noqa: S108  # a volume of its own
        **(dict(harness.OFFLINE) if not is_job else {}),
    }
    return [*NO_GPU, *({"name": name, "value": value} for name, value in found.items())]


def _given(work: RunnerWork) -> list[Manifest]:
    program = work.runner.program
    plain: list[Manifest] = [{"name": name, "value": value} for name, value in program.env]
    for one in program.env_from:
        kind = "secretKeyRef" if one.from_secret else "configMapKeyRef"
        plain.append({"name": one.name, "valueFrom": {kind: {"name": one.object_name, "key": one.key}}})
    return plain


def _volumes(*, is_job: bool) -> list[Manifest]:
    reference = {"apiVersion": "v1", "fieldPath": f"metadata.annotations['{ADDRESSES}']"}
    pods = {"name": "pods", "downwardAPI": {"items": [{"path": "addresses", "fieldRef": reference}]}}
    items = [{"name": "items", "emptyDir": {}}] if is_job else []
    return [{"name": "tmp", "emptyDir": {}}, pods, *items]
