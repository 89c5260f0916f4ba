"""Limits of a request: a number for each part, so that no client can fill the memory."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLimits:
    """A request that exceeds one of these gets a status that names it."""

    head_bytes: int = 64 * 2**10
    """Request line and headers together."""
    head_lines: int = 128
    """Header lines; the official Python client sends 18, a mesh's sidecars add about 15."""
    target_bytes: int = 8 * 2**10
    """Path and query; RFC 9110 requires at least 8,000."""
    body_bytes: int = 16 * 2**20
