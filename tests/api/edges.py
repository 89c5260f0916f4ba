"""Boundary values of each format: what is accepted and what is not. Constants only."""

from typing import Any, Final

from fairlead.api.kinds import DEPLOYMENT, POLICY, Kind

_WORDS: Final[tuple[object, ...]] = (
    *(
        "",
        " ",
        "a",
        "A",
        "-",
        ".",
        "a-",
        "-a",
        "a.",
        "a..b",
        "a.b",
        "a_b",
        "a b",
        "a\n",
        "\u00e9",
        "a\u0000b",
        "\u202ea",
    ),
    *("1A", "A_1", "N" * 63, "N" * 64, "a" * 253, "a" * 254, "nvidia.com/gpu", "/gpu", "nvidia.com/", "NVIDIA-L4"),
)
_NUMBERS: Final[tuple[object, ...]] = (
    *("", " ", "0", "1", "00", "1.0", "1.00000", "0.5", ".5", "5.", "-1", "+1", "1e3", "1,5", "\u0661", "0x1", "NaN"),
    *("1Gi", "1GiB", "1gi", "1K", "1k", "1Ei", "-1Gi", "1.5Gi", "1.5555Gi", "1\n", 0, 1, -1, 2**40),
)
_TIMES: Final[tuple[object, ...]] = (
    *("", "1s", "0s", "1 s", "1S", "1m30s", "s", "1.5.5s", "99999999s", "1d", "1w", "0.000s", "0.001s", "1ms1", "1s\n"),
    *("UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+1", "europe/berlin", "A/B/C/D", "CET", "UTC\n"),
    *("0 8 * * *", "*/5 * * * MON-FRI", "0 8 * *", "0 8 * * * *", "0  8 * * *", "@daily", "a b c d e", "0 8 * * *\n"),
)
_PLACES: Final[tuple[object, ...]] = (
    *(
        "",
        "hf://a",
        "hf://a/b",
        "hf://a/b/c",
        "hf:///b",
        "HF://a/b",
        "hf://a/b ",
        "hf://-a/b",
        "hf://a/.b",
        "hf://a/b@c",
    ),
    *("oci://h/r", "oci://h:5000/r:t", "oci://h", "oci://H/r", f"oci://h/r@sha256:{'a' * 64}", "oci://h/r@sha256:a"),
    *("s3://b", "s3://b/", "s3://b/a//c", "s3:///a", "pvc://c", "pvc://c/a/", "pvc://c/..", "/", "/a", "/a/", "//a"),
    *("http://a", "https://a:1/b", "ftp://a", "http://a b", "http://a?b", "http://u@a", "http://", "http://a\n"),
    *(
        "0.32.0",
        "v0.32.0",
        "1.2",
        "1",
        "1.2.3.4",
        "0.32.0rc1",
        "0.32.0+cu129",
        "example.com/a:b",
        "a:b:c",
        "a@sha256:a",
    ),
)
_MOUNTED: Final[tuple[object, ...]] = (
    *("", "/", "a", "/a", "/a/", "//a", "/.", "/..", "/a/..", "/a/...", "/..a", "/.a", "/a/.cache/b", "/-a", "/a\n"),
    *("/E=8,N=1.json", "/a+b@c", "/a:b", "/a b", "/etc", "/etc/", "/etcetera", "/dev", "/dev/shm", "/device"),
    *(".", "..", "..a", ".a", "a/.b/c", "a/../b", "a/", "-", "=", "A,b"),
)
_EDGES: Final[tuple[tuple[Kind[Any], tuple[object, ...], tuple[str, ...]], ...]] = (
    (DEPLOYMENT, _WORDS, ("model.revision", "model.servedName", "model.tokenSecret.name", "model.tokenSecret.key")),
    (DEPLOYMENT, _WORDS, ("accelerator.product", "accelerator.resource", "storage.cache.subPath", "engine.env.0.name")),
    (DEPLOYMENT, _WORDS, ("engine.extraArgs.0", "engine.tools.parser")),
    (DEPLOYMENT, _PLACES, ("model.source", "engine.image", "engine.version")),
    (DEPLOYMENT, _NUMBERS, ("engine.memoryUtilization", "storage.sharedMemory")),
    (DEPLOYMENT, _MOUNTED, ("storage.mounts.0.path", "storage.mounts.0.subPath")),
    (DEPLOYMENT, _TIMES, ("drain.timeout",)),
    (POLICY, _TIMES, ("objectives.ttftP95", "schedules.0.cron", "schedules.0.timeZone")),
    (POLICY, _NUMBERS, ("behavior.scaleUp.maxFactor", "budget.maxCostPerHour")),
    (POLICY, _PLACES, ("metrics.prometheus.url",)),
)
SPELT: Final = tuple(
    (kind, tuple(int(step) if step.isdigit() else step for step in path.split(".")), values)
    for kind, values, paths in _EDGES
    for path in paths
)
"""One field of each format, with the values to try."""
