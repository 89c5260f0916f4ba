"""Counts of connections, to clients and to engines, as plain numbers that are read at a scrape."""


class ConnectionCounts:
    """One router's connections since its start."""

    __slots__ = (
        "bad_heads",
        "clients_opened",
        "clients_refused",
        "slow_clients",
        "upstreams_opened",
        "upstreams_reused",
    )

    def __init__(self) -> None:
        self.bad_heads = 0
        self.clients_opened = 0
        self.clients_refused = 0
        self.slow_clients = 0
        self.upstreams_opened = 0
        self.upstreams_reused = 0

    def client_opened(self) -> None:
        """Count a client's new connection."""
        self.clients_opened += 1

    def client_refused(self) -> None:
        """Count one above the limit."""
        self.clients_refused += 1

    def client_slow(self) -> None:
        """Count a client that was cut because it was slower than allowed."""
        self.slow_clients += 1

    def head_bad(self) -> None:
        """Count bytes that were no request's head."""
        self.bad_heads += 1

    def upstream_opened(self) -> None:
        """Count a new connection to an engine."""
        self.upstreams_opened += 1

    def upstream_reused(self) -> None:
        """Count a request on a connection that was kept."""
        self.upstreams_reused += 1
