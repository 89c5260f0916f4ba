"""What routers of gateways have not done yet: read their file, sent what waits, ended a request, answered."""

from fairlead.cluster.kinds import Manifest


class RoutersOfGateways:
    """The part of the pods' fake that a test sets for gateways."""

    def __init__(self) -> None:
        super().__init__()
        self.gateways_silent = False
        """They do not answer."""
        self.kept_files: dict[str, Manifest] = {}
        """What those of a gateway have not replaced by their present file yet, by the gateway's name."""
        self.retiring: frozenset[str] = frozenset()
        """Targets whose last requests have not ended."""
        self.queued = 0
        """Requests that wait at each router that has a target."""
