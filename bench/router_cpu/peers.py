"""The peers: two routers in Rust, started as their users do, with the policy that prefers cached prefixes.

They log warnings only: one of them writes two lines a request otherwise, and ours is compared with the better of both
at its best.
"""

from importlib import metadata
from pathlib import Path

from bench import venvs
from bench.router_cpu import mock_engines
from bench.router_cpu.contestants import HOST, Contestant
from devcluster.cache import Cache


def contestants(cache: Cache, keys: tuple[str, ...]) -> tuple[Contestant, ...]:
    """Both, installed if missing."""
    place = venvs.folder("peers", cache)
    return _vllm_router(place, keys), _sglang_router(place, keys)


def _vllm_router(place: Path, keys: tuple[str, ...]) -> Contestant:
    port, metrics_port = 8271, 9271
    return Contestant(
        name="vllm-router",
        version=_version("vllm-router", place),
        words=(str(place / "vllm-router"), *_options(port, metrics_port), "--log-level", "warning"),
        port=port,
        metrics_port=metrics_port,
        keys=keys,
    )


def _sglang_router(place: Path, keys: tuple[str, ...]) -> Contestant:
    port, metrics_port = 8272, 9272
    return Contestant(
        name="sglang-router",
        version=_version("sglang-router", place),
        words=(str(place / "sglang-router"), "launch", *_options(port, metrics_port), "--log-level", "warn"),
        port=port,
        metrics_port=metrics_port,
        keys=keys,
    )


def _options(port: int, metrics_port: int) -> tuple[str, ...]:
    """The options that both share."""
    engines = tuple(f"http://{address}" for address in mock_engines.ADDRESSES)
    listening = ("--host", HOST, "--port", str(port), "--prometheus-host", HOST)
    return (
        *listening,
        *("--prometheus-port", str(metrics_port), "--policy", "cache_aware", "--worker-urls", *engines),
        *("--worker-startup-check-interval", "1"),
    )


def _version(name: str, place: Path) -> str:
    """The package's version in another environment."""
    (site,) = place.parent.glob("lib/python3*/site-packages")
    found = next(iter(metadata.distributions(name=name, path=[str(site)])))
    return found.version
