"""A router's configuration: its engines, model names and limits, read from one file and its secrets.

A file with `renderedFrom` is the operator's: JSON with the names of `fleet.gateways`. Any other was written by a
person: YAML or JSON with the names of `spec.router`, in which unknown keys are errors.
"""

import re
from pathlib import Path
from typing import Final

from fairlead.documents import json_document
from fairlead.objects.router_file import RENDERED_FROM
from fairlead.router.config import operator_file, secret_values
from fairlead.router.config.settings import RouterConfig, RouterConfigError, SecretLocation, TargetConfig

__all__ = [
    "RouterConfig",
    "RouterConfigError",
    "SecretLocation",
    "TargetConfig",
    "load",
    "read",
    "refreshed",
    "text_of",
]

_LAST_PORT: Final = 65_535
_ADDRESS: Final = re.compile(r"[^\s/]+:\d{1,5}")


def load(path: Path) -> RouterConfig:
    """Load a file with its secrets; raises `RouterConfigError` with the key at fault, or `OSError`."""
    return refreshed(read(text_of(path)))


def text_of(path: Path) -> str:
    """Read the text of a file."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise RouterConfigError(f"not UTF-8: {problem.reason} at byte {problem.start}; save it as UTF-8") from None


def refreshed(settings: RouterConfig) -> RouterConfig:
    """Return the same settings with the current secrets."""
    return secret_values.filled_in(settings)


def read(text: str) -> RouterConfig:
    """Parse a file's text; no other file is opened."""
    try:
        document = json_document.read(text)
    except ValueError:
        document = None
    if isinstance(document, dict) and RENDERED_FROM in document:
        settings = operator_file.settings(document)
    else:
        from fairlead.router.config import user_file  # noqa: PLC0415 - brings pydantic, which a rendered file never needs

        settings = user_file.settings(text)
    for place, target in enumerate(settings.served):
        _check_place(target, f"targets[{place}]." if settings.is_gateway else "")
    return settings


def _check_place(target: TargetConfig, where: str) -> None:
    if bool(target.selector) == bool(target.endpoints):
        mistake = "both are set" if target.selector else "neither is set"
        raise RouterConfigError(
            f"{where}selector, endpoints: {mistake}: engines are found by one of them; write exactly one"
        )
    if target.selector and not target.namespace:
        raise RouterConfigError(f"{where}namespace: empty: a selector finds pods in one namespace; name it")
    for address in target.endpoints:
        if not _ADDRESS.fullmatch(address):
            raise RouterConfigError(
                f"{where}endpoints: {address}: must be host:port without a scheme, like 127.0.0.1:8000"
            )
        if not 1 <= int(address.rpartition(":")[2]) <= _LAST_PORT:
            raise RouterConfigError(f"{where}endpoints: {address}: the port must be from 1 to {_LAST_PORT}; correct it")
