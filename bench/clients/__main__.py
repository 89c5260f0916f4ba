"""`python -m bench.clients`: run every client; 0 when every call succeeded."""

import argparse
import csv
import datetime as dt
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from bench import venvs
from bench.clients import gateway_world, rows, servers, vllm_serve, world
from bench.clients.rows import Row
from devcluster.cache import Cache
from house.tree import ROOT
from prove.ledger import machine

PAGE: Final = ROOT / "docs" / "reference" / "clients.md"
SCRIPTS: Final = ("openai_calls", "anthropic_calls", "litellm_calls", "llmeter_run")
GATEWAY_SCRIPTS: Final = ("openai_calls", "anthropic_calls", "litellm_calls", "langchain_calls", "instructor_calls")
TIMEOUT_S: Final = 300.0
USERS, SECONDS = 16, 10
QUIET: Final = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "TQDM_DISABLE": "1"}
"""No client downloads a price list or draws over the terminal."""


def run_clients(cache: Cache, only: frozenset[str]) -> Iterator[Row]:
    """Run each client in turn, then the load generators."""
    clients, logs = venvs.folder("clients", cache), cache.logs / "clients-bench"
    with tempfile.TemporaryDirectory(prefix="fairlead-clients-") as made:
        place = world.laid_out(Path(made))
        environment = os.environ | dict(place.environment) | QUIET | {"PYTHONPATH": str(ROOT), "NO_PROXY": "*"}
        with servers.running(place.servers, logs):
            for script in SCRIPTS:
                if not only or script.split("_")[0] in only:
                    yield from _script(clients, script, environment)
            if not only or "locust" in only:
                yield _locust(clients, environment, Path(made))
    if not only or "vllm" in only:
        yield vllm_serve.through_the_router(cache, logs)


def run_gateway_clients(cache: Cache, only: frozenset[str]) -> Iterator[Row]:
    """Run each client in turn through a gateway."""
    clients, logs = venvs.folder("clients", cache), cache.logs / "clients-bench"
    with tempfile.TemporaryDirectory(prefix="fairlead-clients-") as made:
        place = gateway_world.laid_out(Path(made))
        environment = os.environ | dict(place.environment) | QUIET | {"PYTHONPATH": str(ROOT), "NO_PROXY": "*"}
        with servers.running(place.servers, logs):
            for script in GATEWAY_SCRIPTS:
                if not only or script.split("_")[0] in only:
                    yield from _script(clients, script, environment)


def _script(clients: Path, script: str, environment: Mapping[str, str]) -> Iterator[Row]:
    """Yield each row as it arrives; a script that ends without one did not even start."""
    words, names = [str(clients / "python"), "-m", f"bench.clients.sending.{script}"], ("client", "version", "call")
    shown_rows = 0
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=output, text=True, env=environment, cwd=ROOT) as ran,
    ):
        for line in ran.stdout or ():
            if line.startswith('{"client"'):
                row = json.loads(line)
                yield Row(**{name: row[name] for name in names}, well=row["well"], note=row["note"])
                shown_rows += 1
        ran.wait()
        if not shown_rows:
            output.seek(0)
            yield Row(client=script, version="", call="starts", well=False, note=output.read()[-400:])


def _locust(clients: Path, environment: Mapping[str, str], folder: Path) -> Row:
    """Take Locust's own summary and exit code: 1 as soon as one request failed."""
    script = ROOT / "bench" / "clients" / "sending" / "locust_users.py"
    words = [str(clients / "locust"), "-f", str(script), "--headless", "-H", environment["FAIRLEAD_URL"]]
    words += [
        "-u",
        str(USERS),
        "-r",
        str(USERS),
        "-t",
        f"{SECONDS}s",
        "--csv",
        str(folder / "locust"),
        "--only-summary",
    ]
    ran = subprocess.run(words, check=False, capture_output=True, text=True, env=environment, timeout=TIMEOUT_S)
    stats = folder / "locust_stats.csv"
    table = list(csv.DictReader(io.StringIO(stats.read_text(encoding="utf-8")))) if stats.exists() else []
    whole = next((row for row in table if row["Name"] == "Aggregated"), None)
    version = subprocess.run([clients / "locust", "--version"], check=False, capture_output=True, text=True).stdout
    note = ran.stderr[-300:]
    if whole is not None:
        note = f"{whole['Request Count']} requests, {whole['Failure Count']} failed, p99 {whole['99%']} ms"
    number = version.split()[1] if version.startswith("locust") else ""
    well = ran.returncode == 0 and whole is not None and whole["Failure Count"] == "0" and whole["Request Count"] != "0"
    return Row(client="locust", version=number, call=f"{USERS} users, {SECONDS} s", well=well, note=note)


def main() -> int:
    """Run the clients; print and save the rows."""
    parser = argparse.ArgumentParser(prog="bench.clients", description=__doc__)
    parser.add_argument(
        "--only", action="append", default=[], help="openai, anthropic, litellm, llmeter, locust, vllm, langchain"
    )
    parser.add_argument("--gateway", action="store_true", help="the same through a gateway, with tenants' keys")
    parser.add_argument("--real", action="store_true", help="also real vLLM on CPU behind the router (both cores)")
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # child processes end with us
    cache, found = Cache.chosen(), []
    run = run_gateway_clients if options.gateway else run_clients
    for row in run(cache, frozenset(options.only)):
        print("  ".join(row.cells), file=sys.stderr, flush=True)
        found.append(row)
    if options.real:
        found.append(vllm_serve.before_real_vllm(cache, cache.logs / "clients-bench"))
    print(rows.text(found))
    if options.page:
        today = dt.datetime.now(dt.UTC).date().isoformat()
        PAGE.write_text(rows.page(found, today, machine()), encoding="utf-8")
    return 0 if found and all(row.well for row in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
