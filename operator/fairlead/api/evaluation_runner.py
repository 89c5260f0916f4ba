"""The runner that puts an evaluation's items to both revisions."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, KeyedList
from fairlead.api.engine import EnvVariable
from fairlead.api.pods import PullSecret
from fairlead.api.string_format import StringFormat
from fairlead.api.string_formats import Duration, Image, Quantity
from fairlead.fleet.evaluation_runners import RunnerKind

Cores = Annotated[
    str,
    StringFormat(
        pattern=r"[0-9]{1,3}(\.[0-9]{1,3})?|[0-9]{1,6}m",
        somewhere="[1-9]",
        longest=8,
        because="this is not a number of processor cores",
        remedy='write cores, for instance "2" or 500m',
    ),
]
RunnerWord = Annotated[
    str,
    StringFormat(
        pattern=r"[^\x00]+",
        longest=8192,
        because="a word of a command is empty, or contains a NUL character",
        remedy="write one word per element, as in a Pod; a script may have several lines",
    ),
]
TaskName = Annotated[
    str,
    StringFormat(
        pattern=r"[A-Za-z0-9_][-A-Za-z0-9_.]*",
        longest=128,
        because="this cannot be the name of a task",
        remedy="write the word after `task:` in its YAML file, for instance support",
    ),
]
MetricName = Annotated[
    str,
    StringFormat(
        pattern=r"[A-Za-z0-9_][-A-Za-z0-9_.]*(,[-A-Za-z0-9_.]+)?",
        longest=128,
        because="this cannot be the name of a metric",
        remedy="write it as the harness prints it, for instance exact_match or exact_match,strict-match",
    ),
]


class HarnessApi(StrEnum):
    """The API by which the harness sends items."""

    CHAT = "Chat"
    COMPLETIONS = "Completions"


class RunnerResources(ApiModel):
    """Resources of the program's container; never a GPU."""

    cpu: Cores = Field(default="500m", description="Processor cores, requested. Default 500m.")
    memory: Quantity = Field(default="2Gi", description="Memory, requested and limit. Default 2Gi.")


class EvaluationRunner(ApiModel):
    """What sends the items, and what scores the answers."""

    type: RunnerKind = Field(
        default=RunnerKind.BUILT_IN,
        description="BuiltIn: the operator sends the items and the scorer scores the answers. LmEval: the "
        "lm-evaluation-harness in a pod, on a task whose data are the items. Job: your own program in a pod, which "
        "prints one "
        'line {"id": ..., "pass": true} per item. Default BuiltIn.',
    )
    image: Image | None = Field(
        default=None,
        description="Image of the program. For LmEval: one in which python3 finds lm_eval with its api extra.",
    )
    command: tuple[RunnerWord, ...] = Field(
        default=(),
        max_length=64,
        description="For Job: the command, instead of the image's.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    args: tuple[RunnerWord, ...] = Field(
        default=(),
        max_length=64,
        description="For Job: arguments of the command.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    env: Annotated[tuple[EnvVariable, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(),
        max_length=64,
        description="Environment variables of the program, in addition to OPENAI_BASE_URL, OPENAI_API_KEY and "
        "FAIRLEAD_*, which Fairlead sets. For LmEval they replace HF_HUB_OFFLINE and the like, if you name them.",
    )
    image_pull_secrets: Annotated[tuple[PullSecret, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(), max_length=16, description="Secrets with credentials for the image."
    )
    resources: RunnerResources = Field(default=RunnerResources(), description="Resources of the program's container.")
    deadline: Duration = Field(
        default="1h",
        description="Longest time of each pod, image pull included, after which it is ended and the gate says Error: "
        "one for the old revision, one for part of its items again, one for the new one. Default 1h.",
    )
    task: TaskName | None = Field(
        default=None,
        description="For LmEval: the task. Its YAML file lies next to the items; data_files names /items/ and "
        "the items' path, or their key.",
    )
    api: HarnessApi = Field(
        default=HarnessApi.CHAT, description="For LmEval: whether it sends Chat or plain Completions. Default Chat."
    )
    metric: MetricName | None = Field(
        default=None,
        description="For LmEval: the metric of a sample that is 1 for a right answer. Default: its first.",
    )
