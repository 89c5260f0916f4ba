"""The formats of strings: durations, quantities, shares, model sources, schedules."""

from typing import Annotated, Final

from fairlead.api.string_format import StringFormat

_DURATION: Final = r"([0-9]{1,7}(\.[0-9]{1,3})?(ms|s|m|h|d))+"
Duration = Annotated[
    str,
    StringFormat(
        pattern=_DURATION,
        somewhere="[1-9]",
        longest=24,
        because="this is not a duration above zero",
        remedy="write a number with ms, s, m, h or d, for instance 60ms, 1.5s, 5m or 1h30m",
    ),
]
DurationOrZero = Annotated[
    str,
    StringFormat(
        pattern=_DURATION,
        longest=24,
        because="this is not a duration",
        remedy="write a number with ms, s, m, h or d, for instance 0s, 1.5s, 5m or 1h30m",
    ),
]
Quantity = Annotated[
    str,
    StringFormat(
        pattern=r"[0-9]{1,15}(\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?",
        longest=24,
        because="this is not a quantity of bytes",
        remedy="write 2Gi (1024-based) or 2G (1000-based), without a B at the end",
        or_integer=True,
    ),
]
Share = Annotated[
    str,
    StringFormat(
        pattern=r"0(\.[0-9]{1,4})?|1(\.0{1,4})?",
        longest=8,
        because="this is not a share between 0 and 1",
        remedy='write a decimal in quotes, for instance "0.80"',
    ),
]
Factor = Annotated[
    str,
    StringFormat(
        pattern=r"[1-9][0-9]{0,2}(\.[0-9]{1,3})?",
        longest=8,
        because="this is not a factor of at least 1",
        remedy='write a decimal in quotes, for instance "2" or "1.5"',
    ),
]
Money = Annotated[
    str,
    StringFormat(
        pattern=r"[0-9]{1,9}(\.[0-9]{1,4})?",
        longest=16,
        because="this is not an amount of money",
        remedy='write a decimal in quotes and without a currency, for instance "40" or "12.50"',
    ),
]
ObjectName = Annotated[
    str,
    StringFormat(
        pattern=r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
        longest=253,
        because="this cannot be an object's name",
        remedy="use small letters, digits, dots and dashes, with a letter or digit at both ends",
    ),
]
Handle = Annotated[
    str,
    StringFormat(
        pattern=r"[a-z0-9]([-a-z0-9]*[a-z0-9])?",
        longest=63,
        because="this is not a valid name",
        remedy="use at most 63 small letters, digits and dashes, with a letter or digit at both ends",
    ),
]
DeploymentTarget = Annotated[
    str,
    StringFormat(
        pattern=r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
        longest=127,
        because="this cannot be the name of a deployment",
        remedy="write its name, or namespace/name where it is in another namespace",
    ),
]
NamespacePattern = Annotated[
    str,
    StringFormat(
        pattern=r"\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
        longest=63,
        because="this cannot be the name of a namespace",
        remedy="write the name of a namespace, or * for all of them",
    ),
]
SecretKeyName = Annotated[
    str,
    StringFormat(
        pattern=r"[-._a-zA-Z0-9]+",
        longest=253,
        because="this cannot be a key of a Secret or ConfigMap",
        remedy="use letters, digits, dots, dashes and underscores",
    ),
]
ModelName = Annotated[
    str,
    StringFormat(
        pattern=r"[A-Za-z0-9][-A-Za-z0-9._:/@]*",
        longest=128,
        because="clients cannot ask for a model of this name",
        remedy="use at most 128 letters, digits and - . _ : / @, with a letter or digit first",
    ),
]
PATH_PIECE: Final = r"[A-Za-z0-9_][-A-Za-z0-9._]*"
"""One segment of a path."""
SourceText = Annotated[
    str,
    StringFormat(
        pattern=(
            rf"hf://{PATH_PIECE}(/{PATH_PIECE})?"
            rf"|oci://[a-z0-9][-a-z0-9.]*(:[0-9]+)?(/{PATH_PIECE})+(:{PATH_PIECE})?(@sha256:[0-9a-f]{{64}})?"
            rf"|s3://[a-z0-9][-a-z0-9.]*(/{PATH_PIECE})*/?"
            rf"|pvc://[a-z0-9][-a-z0-9.]*(/{PATH_PIECE})*/?"
            rf"|(/{PATH_PIECE})+/?"
        ),
        longest=512,
        because="a model cannot be read from this source",
        remedy=(
            "write hf://organisation/model, oci://host/repository:tag, s3://bucket/path, pvc://claim/path, "
            "or /path for a folder in the engine's image"
        ),
    ),
]
Revision = Annotated[
    str,
    StringFormat(
        pattern=r"[A-Za-z0-9_][-A-Za-z0-9._/]*",
        longest=128,
        because="this cannot be a revision",
        remedy="write a commit (best: it never moves), a tag or a branch",
    ),
]
Image = Annotated[
    str,
    StringFormat(
        pattern=r"[a-z0-9][-a-z0-9._]*(:[0-9]+)?(/[a-z0-9][-a-z0-9._]*)*"
        r"(:[A-Za-z0-9_][-A-Za-z0-9._]*)?(@sha256:[0-9a-f]{64})?",
        longest=512,
        because="this is not the name of an image",
        remedy="write host/repository:tag or host/repository@sha256:…",
    ),
]
Version = Annotated[
    str,
    StringFormat(
        pattern=r"[0-9]{1,4}\.[0-9]{1,4}(\.[0-9]{1,4})?([-.+a-z0-9]{1,24})?",
        longest=40,
        because="this is not an engine's version",
        remedy="write it as the engine does, without a v, for instance 0.32.0",
    ),
]
Cron = Annotated[
    str,
    StringFormat(
        pattern=r"[-0-9*,/]+ [-0-9*,/]+ [-0-9*,/]+ [-0-9*,/A-Za-z]+ [-0-9*,/A-Za-z]+",
        longest=128,
        because="this is not a cron expression",
        remedy="write five fields (minute hour day month weekday), for instance 0 8 * * 1-5",
    ),
]
TimeZone = Annotated[
    str,
    StringFormat(
        pattern=r"UTC|[A-Z][A-Za-z_]+(/[-+A-Za-z0-9_]+){1,2}",
        longest=96,
        because="this is not the name of a time zone",
        remedy="write an IANA name, for instance Europe/Berlin or UTC; abbreviations such as CET are ambiguous",
    ),
]
_LABEL: Final = r"[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?"
_PORT: Final = r"[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
ADDRESS: Final = rf"{_LABEL}(\.{_LABEL})*\.?(:({_PORT}))?(/[-A-Za-z0-9._~/]*)?"
"""A URL after its scheme; the resolver raises for other hosts, and the parser for larger ports."""
Url = Annotated[
    str,
    StringFormat(
        pattern=rf"https?://{ADDRESS}",
        longest=512,
        because="this is not an http or https address",
        remedy="write http://host:port/path without user, password or query; secrets go into a Secret",
    ),
]
Origin = Annotated[
    str,
    StringFormat(
        pattern=r"\*|https?://[A-Za-z0-9][-A-Za-z0-9.]*(:[0-9]+)?",
        longest=256,
        because="this is not the origin of a page",
        remedy="write https://host or https://host:port without a path, or * for every page",
    ),
]
Argument = Annotated[
    str,
    StringFormat(
        pattern=r"[^\x00-\x1f\x7f]+",
        longest=1024,
        because="an argument is empty or holds a control character",
        remedy="write one argument an element, as the engine's command line takes it",
    ),
]
EnvName = Annotated[
    str,
    StringFormat(
        pattern=r"[A-Za-z_][A-Za-z0-9_]*",
        longest=128,
        because="this cannot be the name of an environment variable",
        remedy="use letters, digits and underscores, no digit first",
    ),
]
ProductName = Annotated[
    str,
    StringFormat(
        pattern=r"[A-Za-z0-9]([-A-Za-z0-9._]*[A-Za-z0-9])?",
        longest=63,
        because="this cannot be the product label of a GPU",
        remedy="write the node label nvidia.com/gpu.product, for instance NVIDIA-L4",
    ),
]
ResourceName = Annotated[
    str,
    StringFormat(
        pattern=r"none|[a-z0-9][-a-z0-9.]*/[A-Za-z0-9][-A-Za-z0-9._]*",
        longest=128,
        because="this cannot be the name of an extended resource",
        remedy="write domain/name, for instance nvidia.com/gpu",
    ),
]
