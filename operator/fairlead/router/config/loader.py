"""What one router is told: which engines, under which names, with which limits; read from one file and its secrets.

A file that says `renderedFrom` is the operator's, JSON with words of `fleet.gateways`; any other was written by a
person, YAML or JSON with the words of `spec.router`, and nothing unknown in it is passed over.
"""

import json
import re
from pathlib import Path
from typing import Final

from fairlead.router.config import operator_file, secret_values
from fairlead.router.config.settings import RouterConfig, RouterConfigError, SecretLocation

__all__ = ["RouterConfig", "RouterConfigError", "SecretLocation", "load", "read", "refreshed"]

RENDERED: Final = "renderedFrom"
_ADDRESS: Final = re.compile(r"[^\s/]+:\d{1,5}")


def load(path: Path) -> RouterConfig:
    """The file's meaning with its secrets; `RouterConfigError` with the key at fault, or `OSError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise RouterConfigError(f"not UTF-8: {problem.reason} at byte {problem.start}; save it as UTF-8") from None
    return refreshed(read(text))


def refreshed(settings: RouterConfig) -> RouterConfig:
    """The same with its secrets as they are now."""
    return secret_values.filled_in(settings)


def read(text: str) -> RouterConfig:
    """The file's meaning; no other file is opened."""
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if isinstance(told, dict) and RENDERED in told:
        settings = operator_file.settings(told)
    else:
        from fairlead.router.config import user_file  # noqa: PLC0415 - brings pydantic, which a rendered file never needs

        settings = user_file.settings(text)
    _check_place(settings)
    return settings


def _check_place(settings: RouterConfig) -> None:
    if bool(settings.selector) == bool(settings.endpoints):
        said = "both are set" if settings.selector else "neither is set"
        raise RouterConfigError(f"selector, endpoints: {said}: engines are found by one of them; write exactly one")
    if settings.selector and not settings.namespace:
        raise RouterConfigError("namespace: empty: a selector finds pods in one namespace; name it")
    for address in settings.endpoints:
        if not _ADDRESS.fullmatch(address):
            raise RouterConfigError(f"endpoints: {address}: must be host:port without a scheme, like 127.0.0.1:8000")
