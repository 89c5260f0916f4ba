"""The revisions of the engines in rotation: stored responses belong to one, and are found while it is among them."""

from fairlead.routing.endpoint_table import EndpointTable


class RoutableRevisions:
    """The revisions in rotation; while no endpoint is routable, those that were last."""

    __slots__ = ("_routable", "_start", "revisions")

    def __init__(self, start: str = "") -> None:
        self._start = start
        """Begins the name of each: revisions of two deployments may have one name, and serve different models."""
        self.revisions: tuple[str, ...] = ()
        self._routable: object = None

    def of(self, table: EndpointTable) -> tuple[str, ...]:
        """The revisions, computed again only when the table has another tuple of routable endpoints."""
        routable = table.field.routable
        if routable is not self._routable:
            self._routable = routable
            self.revisions = tuple(sorted({self.named(one.revision) for one in routable})) or self.revisions
        return self.revisions

    def named(self, revision: str) -> str:
        """The name under which a revision's responses are stored."""
        return self._start + revision
