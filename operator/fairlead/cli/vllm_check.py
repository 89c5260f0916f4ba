"""Checks rendered command lines with vLLM itself, in an interpreter that has it and with stand-ins for models.

`--with-vllm` is about this kind alone: only its parser and its configuration run without a GPU and without weights.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fairlead.cli import engine_interpreter, vllm_check_script
from fairlead.cluster.documents import YamlDocument
from fairlead.documents import json_document
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.vllm import placeholder_config
from fairlead.engines.vllm.environment import QUIET
from fairlead.engines.vllm.sweep import INTERPRETER, PROGRAM
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.findings import FindingReason, SpecRefusal
from fairlead.review.result import Review


class VllmReason(FindingReason):
    """Why a deployment is refused that passes all our own checks."""

    VLLM_REFUSES = "VllmRefuses"


class VllmUnavailable(Exception):
    """vLLM is not installed; the message says how to get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmVerdict:
    """vLLM's verdict on one deployment."""

    accepted: bool
    words: str


def check(reviews: Sequence[Review]) -> dict[str, VllmVerdict]:
    """Return verdicts by the deployment's name; deployments of other engines are left out."""
    own = [one for one in reviews if _is_vllms(one)]
    return {one.name: verdict for one, verdict in zip(own, _answers(own), strict=True)}


def _is_vllms(review: Review) -> bool:
    return review.engine is not None and review.engine.kind is EngineKind.VLLM


def _answers(own: Sequence[Review]) -> list[VllmVerdict]:
    """Return one verdict for each review, in order; without reviews no vLLM is needed."""
    if not own:
        return []
    questions = json.dumps([question(one) for one in own])
    program = [str(interpreter()), str(Path(vllm_check_script.__file__))]
    env = os.environ | QUIET
    try:
        ran = subprocess.run(program, input=questions, env=env, check=False, capture_output=True, text=True)
    except OSError as problem:
        raise VllmUnavailable(
            f"{INTERPRETER}={program[0]}: {problem.strerror}; name a Python that has vLLM"
        ) from problem
    if ran.returncode == vllm_check_script.WITHOUT_VLLM:
        raise VllmUnavailable(f"{INTERPRETER}={program[0]}: no vLLM is installed there; install it, or name another")
    if ran.returncode != 0 or not ran.stdout:
        reason = ran.stderr.strip()[-500:] or f"{program[0]} wrote nothing and ended with {ran.returncode}"
        raise VllmUnavailable(f"vLLM could not be asked: {reason}")
    return [VllmVerdict(**answer) for answer in json_document.read(ran.stdout.splitlines()[-1])]


def with_vllm_refusals(
    reviews: Sequence[tuple[YamlDocument, Review | None]],
) -> list[tuple[YamlDocument, Review | None]]:
    """Add vLLM's own refusals to the reviews; what our checks refuse is not sent to vLLM.

    Matched by place, not by name: two files may each hold a deployment called chat.
    """
    opinions = iter(_answers([one for _, one in reviews if one is not None and _is_open(one)]))
    return [(place, _with(one, next(opinions)) if one is not None and _is_open(one) else one) for place, one in reviews]


def _is_open(review: Review) -> bool:
    return not review.refusals and _is_vllms(review)


def _with(review: Review, verdict: VllmVerdict) -> Review:
    if verdict.accepted:
        return review
    refusal = SpecRefusal(
        field="spec.engine",
        value="(as rendered)",
        reason=VllmReason.VLLM_REFUSES,
        because=f"vLLM itself says: {verdict.words}",
        remedy="`fairlead render` shows the command line; if it is right, report that Fairlead's checks miss this",
    )
    return replace(review, refusals=(*review.refusals, refusal))


def question(review: Review) -> dict[str, Any]:
    """The arguments after `vllm serve`, and configurations as stand-ins for the models."""
    setup, engine = review.setup, review.engine
    if setup is None or engine is None:
        raise AssertionError("only what was read has a command line")
    return placeholder_config.question(setup, engine.launch(setup, LifecycleParameters()).command)


def interpreter() -> Path:
    """The interpreter that the environment names, or this one if vLLM is installed in it."""
    program = engine_interpreter.found(PROGRAM)
    if program is not None:
        return program
    raise VllmUnavailable(PROGRAM.absent)
