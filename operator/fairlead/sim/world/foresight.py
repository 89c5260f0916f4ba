"""The scheduler, telling ahead: until when it shows nothing, so that a world of a hundred engines wakes only one."""

from math import inf

from fairlead.sim.engine.core import Core


class ForeseeingCore(Core):
    """The same scheduler with one more answer."""

    __slots__ = ()

    @property
    def horizon(self) -> float:
        """Nothing shows before this moment if nobody comes or goes; infinite with no step on its way."""
        return inf if self._flight is None else self._quiet_until
