"""Commands to copy, for the cluster of `--context`: without it kubectl and Helm would act on the current context's."""

import shlex
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from fairlead.review.diagnosis import Diagnosis

_OPTIONS: Final = {"kubectl": "--context", "helm": "--kube-context"}
_READ_A_CLUSTER: Final = frozenset({"explain", "rollout", "top", "why"})
"""Those of `fairlead` that printed commands name; others read files."""


def option(context: str | None) -> str:
    """Return the option that ends a command of ours; empty for the current context."""
    return "" if context is None else f" --context {shlex.quote(context)}"


def in_context(command: str, context: str | None) -> str:
    """Return the command for a context of the kubeconfig; unchanged for its current one."""
    program, _, rest = command.partition(" ")
    if context is None:
        return command
    if program in _OPTIONS:
        return f"{program} {_OPTIONS[program]} {shlex.quote(context)} {rest}"
    reads = program == "fairlead" and rest.partition(" ")[0] in _READ_A_CLUSTER
    return f"{command}{option(context)}" if reads else command


def of_diagnoses(found: Iterable[Diagnosis], context: str | None) -> list[Diagnosis]:
    """Return the diagnoses with their commands for a context."""
    return [
        replace(one, found=tuple(replace(each, command=in_context(each.command, context)) for each in one.found))
        for one in found
    ]
