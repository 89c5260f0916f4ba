"""Targets of a policy that no load or no fleet can ever meet: they are refused."""

from collections.abc import Iterator

from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.policies import ScalingPolicy
from fairlead.scaling.lint.lint_reasons import LintReason


def refusals(policy: ScalingPolicy) -> Iterator[SpecRefusal]:
    """Yield targets that no load or no fleet can ever meet."""
    target, headroom = policy.signals.kv_target, policy.signals.token_headroom
    if target is not None and target >= 1:
        words = "a KV cache is never more than 100 % full, so this would never add a replica"
        yield _no("spec.signals.kvCache.target", target, LintReason.NEVER_FIRES, (words, 'write less, such as "0.80"'))
    if target is not None and target <= 0:
        words = "no number of replicas brings the use of a cache down to 0"
        yield _no("spec.signals.kvCache.target", target, LintReason.ALWAYS_FIRES, (words, 'write more, such as "0.80"'))
    if headroom is not None and headroom >= 1:
        words = "if all of the supply is kept free, none is left for requests"
        remedy = 'write less, such as "0.15"'
        yield _no("spec.signals.tokens.headroom", headroom, LintReason.ALWAYS_FIRES, (words, remedy))


def _no(field: str, value: float, reason: LintReason, words: tuple[str, str]) -> SpecRefusal:
    because, remedy = words
    return SpecRefusal(field=field, value=f"{value:g}", reason=reason, because=because, remedy=remedy)
