"""The header lines that the router adds to one reply: its id, its route, its adapter's version, its tenant's rates."""


class ReplyHeaders:
    """The lines for one client. Only a line of the current route and version is shown, whatever was tried before."""

    __slots__ = ("lines", "route", "version")

    def __init__(self) -> None:
        self.lines = b""
        """All of them."""
        self.route = b""
        """Those that say which route it took; empty at a plain router."""
        self.version = b""
        """The one that names the version of its adapter; empty if its target has no versions."""

    def add(self, lines: bytes) -> None:
        """Add these lines."""
        self.lines += lines

    def show_rates(self, lines: bytes) -> None:
        """Add its tenant's rates once: they are charged once, however many targets it tries."""
        if lines not in self.lines:
            self.lines += lines

    def show_route(self, lines: bytes) -> None:
        """Show these lines about its route instead of earlier ones."""
        before, self.route = self.route, lines
        self.lines = self.lines.replace(before, lines) if before else self.lines + lines

    def show_version(self, line: bytes) -> None:
        """Show this line about its adapter's version instead of an earlier target's."""
        before, self.version = self.version, line
        self.lines = self.lines.replace(before, line) if before else self.lines + line
