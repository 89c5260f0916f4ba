"""What every client of an OpenAI-compatible endpoint reads alike: its list of models, and why a connection failed."""

import os
import ssl

import aiohttp

from fairlead.documents import json_document
from fairlead.documents.document_faults import UnreadableDocument


def model_names(body: bytes) -> tuple[str, ...]:
    """Return the models of a list; `data` is null at some servers that have none yet. `ValueError`: it is no JSON."""
    try:
        found = json_document.read(body)
    except UnreadableDocument as problem:
        raise ValueError(f"the list of models is not JSON: {problem}") from None
    listed = found.get("data") if isinstance(found, dict) else None
    entries = listed if isinstance(listed, list) else ()
    return tuple(str(one["id"]) for one in entries if isinstance(one, dict) and "id" in one)


def why_lost(problem: BaseException) -> str:
    """The system's own message without a library's names, if there is one; no URL, since a proxy's has its password."""
    if isinstance(problem, aiohttp.ClientResponseError):
        what = "the proxy answers" if isinstance(problem, aiohttp.ClientHttpProxyError) else "no HTTP reply:"
        return f"{what} {problem.status} {printable(problem.message)}"[:120].rstrip()
    system = problem.os_error if isinstance(problem, aiohttp.ClientConnectorError) else problem
    if isinstance(system, ssl.SSLCertVerificationError):
        return f"{system.verify_message}; if a CA of your own signed it, SSL_CERT_FILE names that"
    if isinstance(system, ssl.SSLError):
        return f"no TLS: {(system.reason or str(system)).replace('_', ' ').lower()}"
    if isinstance(system, OSError) and system.strerror:
        return system.strerror if (system.errno or -1) < 0 else os.strerror(system.errno or 0)
    return f"{type(problem).__name__}: {problem}"[:120].rstrip(": ")


def printable(header: str) -> str:
    """Headers may have bytes that are no text, and what disturbs a terminal."""
    return "".join(one if one.isprintable() else "?" for one in header)
