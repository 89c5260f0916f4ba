"""Arguments of `fairlead batch`, checked before any file is read."""

import argparse
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from fairlead.batcher.batch_endpoint import BatchAddress
from fairlead.batcher.run import RunLimits
from fairlead.batching import end_times
from fairlead.cli import argument_values
from fairlead.cli.argument_values import ArgumentValueError
from fairlead.cluster import proxies

_MAX_AT_ONCE: Final = 4096
_KEY: Final = "OPENAI_API_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchInputs:
    """All inputs of a run."""

    input: str
    output: Path
    errors: Path
    address: BatchAddress
    limits: RunLimits
    until: datetime | None
    format: str


def read(chosen: argparse.Namespace) -> BatchInputs:
    """Check the arguments; raises `ArgumentValueError`, or `OSError` for a key that cannot be read."""
    output = Path(chosen.output)
    argument_values.check_writable("--output", chosen.output)
    errors = Path(chosen.errors) if chosen.errors else _beside(output)
    argument_values.check_writable("--errors", str(errors))
    _check_apart(chosen.input, output, errors)
    if not 1 <= chosen.concurrency <= _MAX_AT_ONCE:
        raise ArgumentValueError(f"--concurrency {chosen.concurrency}: write a number from 1 to {_MAX_AT_ONCE}")
    return BatchInputs(
        input=chosen.input,
        output=output,
        errors=errors,
        address=BatchAddress(
            url=_url(chosen.to),
            key=_key(chosen.api_key_file),
            proxy=proxies.of(chosen.to, os.environ),
            time_out_s=argument_values.duration("--timeout", chosen.timeout),
        ),
        limits=RunLimits(
            concurrency=chosen.concurrency,
            give_up_after_s=argument_values.duration("--give-up-after", chosen.give_up_after),
        ),
        until=_until(chosen.until),
        format=chosen.format,
    )


def _beside(output: Path) -> Path:
    """Parts of a file, such as answers.aa and answers.ab, each have errors of their own."""
    stem = output.stem if output.suffix in (".jsonl", ".json") else output.name
    return output.with_name(f"{stem}.errors.jsonl")


def _check_apart(source: str, output: Path, errors: Path) -> None:
    """Refuse files that would overwrite each other."""
    for name, path in (("--output", output), ("--errors", errors)):
        if source != "-" and _is_same(path, Path(source)):
            raise ArgumentValueError(f"{name} {path}: it is the input, which would be changed; name another file")
    if _is_same(errors, output):
        raise ArgumentValueError(f"--errors {errors}: it is --output too; name another file")


def _is_same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))


def _url(written: str) -> str:
    try:
        found = urlsplit(written)
        usable = found.scheme in ("http", "https") and bool(found.hostname) and found.port != 0
    except ValueError:
        usable, found = False, urlsplit("")
    if not usable or found.query or found.fragment or found.username is not None:
        raise ArgumentValueError(f"--to {written}: not an address; write http://HOST:PORT or https://HOST")
    return written


def _key(file: str | None) -> str:
    if file is None:
        place, key = f"the variable {_KEY}", os.environ.get(_KEY, "").strip()
        empty = False
    else:
        place, key = f"--api-key-file {file}", Path(file).read_text(encoding="utf-8", errors="replace").strip()
        empty = not key
    if empty or not key.isascii() or not all(map(str.isprintable, key)):
        raise ArgumentValueError(f"{place}: it holds no key; write the key alone, in one line of ASCII")
    return key


def _until(written: str | None) -> datetime | None:
    if written is None:
        return None
    try:
        return end_times.end_time(written, datetime.now().astimezone(), datetime.astimezone)
    except ValueError as problem:
        raise ArgumentValueError(f"--until {written}: {problem}") from None
