"""What an engine is to run, with all known facts about model and GPU: the input of every check."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Concatenate, Final, ParamSpec, TypeVar

from fairlead.engines import extra_args
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.desired_state import DesiredEngine, DesiredRevision
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.shapes import ModelShape

Facts = ParamSpec("Facts")
Found = TypeVar("Found")
_ON: Final = frozenset({"1", "true"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSetup:
    """A desired revision with the known facts; unknown ones are absent.

    A check that needs an absent fact finds nothing: the engine itself still refuses later.
    """

    revision: DesiredRevision
    shape: ModelShape | None = None
    draft_shape: ModelShape | None = None
    accelerator: Accelerator | None = None
    kv_bytes: int | None = None
    """The KV cache size that an engine on a processor gets; None: unknown."""
    kv_tokens: int | None = None
    """The same cache in tokens, for engines that take its size in tokens."""
    offloaded_bytes: int | None = None
    """Weights that a replica keeps in main memory beside its GPUs; None: its fit is unknown."""

    @property
    def engine(self) -> DesiredEngine:
        """The engine's settings."""
        return self.revision.engine

    @property
    def on_cpu(self) -> bool:
        """Whether it computes on a node's processor."""
        return self.revision.cpu is not None

    @property
    def weights(self) -> WeightFormat:
        """The weight format in memory: from the spec, else as the checkpoint stores them."""
        if self.engine.weights is WeightFormat.NONE and self.shape is not None:
            return self.shape.stored.format
        return self.engine.weights

    @property
    def context_tokens(self) -> int | None:
        """The longest request: from the spec, else what the model allows."""
        return self.engine.max_context_tokens or (self.shape.positions if self.shape else None)

    def gives(self, *flags: str) -> bool:
        """Whether an extra argument names one of these flags."""
        return any(extra_args.flag(argument) in flags for argument in self.engine.extra_args)

    def value(self, flag: str) -> str | None:
        """Return a flag's value in the extra arguments; the last one wins."""
        words = self.engine.extra_args
        found = None
        for index, word in enumerate(words):
            if extra_args.flag(word) == flag:
                _, equals, written = word.partition("=")
                found = written if equals else "".join(words[index + 1 : index + 2])
        return found

    def variable(self, name: str) -> str | None:
        """Return the value of an extra environment variable."""
        return dict(self.engine.extra_env).get(name)

    def with_words(self, change: Callable[[str], str]) -> "EngineSetup":
        """Return the setup with each word of its extra arguments changed; itself if none is."""
        given = self.engine.extra_args
        changed = tuple(map(change, given))
        if changed == given:
            return self
        return replace(self, revision=replace(self.revision, engine=replace(self.engine, extra_args=changed)))

    def switched_on(self, name: str) -> bool:
        """Whether an extra environment variable is switched on, in the words that vLLM and SGLang both take for it."""
        return (self.variable(name) or "").strip().lower() in _ON


RefusalCheck = Callable[[EngineSetup], SpecRefusal | None]
"""One rule; its docstring cites what it mirrors. It does not rely on any other rule having run before."""

WarningCheck = Callable[[EngineSetup], SpecWarning | None]
"""One rule about what is legal but has a cost or risk that the user should know."""


def cited(
    source: str,
    check: Callable[Concatenate[EngineSetup, Facts], Found],
    *facts: Facts.args,
    **named: Facts.kwargs,
) -> Callable[[EngineSetup], Found]:
    """Make a shared check a check of one engine: bind its facts, and cite that engine's release.

    The engines page quotes the docstring of each check, so the source becomes it.
    """

    def of_one(setup: EngineSetup) -> Found:
        return check(setup, *facts, **named)

    of_one.__module__, of_one.__name__, of_one.__doc__ = check.__module__, check.__name__, source
    return of_one


def refusals(setup: EngineSetup, checks: Sequence[RefusalCheck]) -> tuple[SpecRefusal, ...]:
    """Return all refusals in the order of the checks, so that a user can fix several fields in one edit."""
    return tuple(refusal for check in checks if (refusal := check(setup)) is not None)


def warnings_of(setup: EngineSetup, doubts: Sequence[WarningCheck]) -> tuple[SpecWarning, ...]:
    """Return all warnings in the order of the checks."""
    return tuple(word for doubt in doubts if (word := doubt(setup)) is not None)
