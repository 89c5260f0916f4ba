"""The revisions of the engines in rotation: a stored response belongs to one, and is found while it is in rotation."""

from fairlead.routing.endpoint_table import EndpointTable


class RoutableRevisions:
    """The revisions in rotation; while no endpoint is routable, the last ones, and before the first a name that no
    response is stored under, so that equal requests that wait for different targets do not follow each other."""

    __slots__ = ("_routable", "_start", "_unknown", "revisions")

    def __init__(self, start: str = "") -> None:
        self._start = start
        """Prefix of each name: revisions of two deployments may share a name but serve different models. The name of a
        target's engines without a revision is the prefix alone: it ends in @, and only this router can identify it."""
        self._unknown = (f"{start}@",) if start else ()
        self.revisions: tuple[str, ...] = ()
        self._routable: object = None

    def of(self, table: EndpointTable) -> tuple[str, ...]:
        """Return the revisions, recomputed only when the table has another tuple of routable endpoints."""
        routable = table.context.routable
        if routable is not self._routable:
            self._routable = routable
            self.revisions = tuple(sorted({self.named(one.revision) for one in routable})) or self.revisions
        return self.revisions or self._unknown

    def named(self, revision: str) -> str:
        """Return the name under which a revision's responses are stored."""
        return self._start + revision

    def unnamed(self, name: str) -> str:
        """Return the revision whose responses are stored under this name."""
        return name.removeprefix(self._start)
