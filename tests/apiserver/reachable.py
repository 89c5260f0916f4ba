"""The address of this machine at which an API server reaches a process that stands in for a pod."""

import socket


def own_address() -> str | None:
    """A non-loopback address, since an API server does not proxy to loopback; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if address.startswith("127.") else address
