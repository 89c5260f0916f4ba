"""Numbers of things, as people say them. It decides nothing."""


def replicas(count: float) -> str:
    """`1 replica`, `3 replicas`."""
    return f"{count:g} {'replica' if count == 1 else 'replicas'}"


def requests(count: float) -> str:
    """`1 request`, `3 requests`."""
    return f"{count:g} {'request' if count == 1 else 'requests'}"
