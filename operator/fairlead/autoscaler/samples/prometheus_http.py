"""One connection to a Prometheus, through prometheus-api-client; blocks, so it runs in a thread.

Only `prometheus` imports it, and only if a policy names a Prometheus: its libraries cost 19 MB and 0.1 seconds. The
author of a policy chooses the server, so its replies are bounded (`bounded_http`), read strictly, one at a time, and
never quoted.
"""

import ssl
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
import requests
from prometheus_api_client import PrometheusConnect
from urllib3 import Retry
from urllib3.util.ssl_ import create_urllib3_context

from fairlead.autoscaler.samples import bounded_http
from fairlead.autoscaler.samples.bounded_http import BoundedAdapter, HttpUnavailable
from fairlead.autoscaler.samples.prometheus_api import PrometheusUnavailable
from fairlead.autoscaler.samples.prometheus_queries import PrometheusSeries
from fairlead.documents import typed_json

Answer = TypeVar("Answer")
EVERY_ADDRESS: Final = ("http://", "https://")
"""What is requested may not begin with the url: `/a/../b` is sent as `/b`, and no other adapter may answer for it."""
LONGEST_CAUSE: Final = 200
"""Characters of an error shown to people."""
_DECODING: Final = threading.Lock()
"""One reply at a time becomes objects, which take ten times its bytes."""


class _Series(msgspec.Struct):
    metric: dict[str, str] = {}
    value: tuple[float, str] | None = None
    values: list[tuple[float, str]] = []


class _Data(msgspec.Struct):
    result: list[_Series]


class _Body(msgspec.Struct):
    data: _Data


_READ: Final = typed_json.reader(_Body)


class HttpPrometheusClient:
    """A client of one server."""

    def __init__(self, url: str, token: str | None, authority: str | None) -> None:
        session = requests.Session()
        session.trust_env = False  # a netrc file would replace the token that the policy names
        headers = {"Authorization": f"Bearer {_sendable(token)}"} if token is not None else {}
        try:
            self._connect = PrometheusConnect(
                url=url.rstrip("/"),
                headers=headers,
                session=session,
                retry=Retry(0),
                timeout=bounded_http.SILENCE_SECONDS,
            )
        except ValueError:
            raise PrometheusUnavailable(bounded_http.NO_ADDRESS) from None
        adapter = _PrometheusAdapter(_trusting(authority))
        for prefix in (url.rstrip("/"), *EVERY_ADDRESS):
            session.mount(prefix, adapter)

    def query(self, query: str, read: Callable[[Iterable[PrometheusSeries]], Answer]) -> Answer:
        """Run an instant query, and read its series."""
        return _read(lambda: self._connect.custom_query(query), lambda found: read(_instant(one) for one in found))

    def course(self, query: str, start: float, end: float, step_seconds: float) -> list[tuple[float, float]]:
        """Run a range query."""
        began, ends = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
        step = f"{step_seconds:g}"
        return _read(
            lambda: self._connect.custom_query_range(query, began, ends, step),
            lambda found: [(moment, float(value)) for one in found for moment, value in one.values],
        )

    def close(self) -> None:
        """Close the connection."""
        self._connect.close()


class _UndecodedReply(requests.Response):
    """Gives the client library the text of a reply in place of its series, which are decoded later."""

    def json(self, **_named: Any) -> Any:  # noqa: ANN401 - as the library declares it
        """Return the reply where the library looks for series."""
        return {"data": {"result": self}}


class _PrometheusAdapter(BoundedAdapter):
    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:  # noqa: ANN401
        """Build the library's reply as one that is decoded later."""
        made = _UndecodedReply()
        made.__dict__.update(super().build_response(req, resp).__dict__)
        return made


def _read(send: Callable[[], Any], read: Callable[[list[_Series]], Answer]) -> Answer:
    try:
        reply = send()
    except HttpUnavailable as problem:
        raise PrometheusUnavailable(str(problem)[:LONGEST_CAUSE]) from None
    except requests.RequestException:
        raise PrometheusUnavailable(bounded_http.NO_ADDRESS) from None
    with _DECODING:
        try:
            return read(_READ(reply.content).data.result)
        except ValueError:
            raise PrometheusUnavailable(
                f"its reply with {bounded_http.content_type(reply)} is not that of a Prometheus; check its url"
            ) from None


def _instant(series: _Series) -> PrometheusSeries:
    if series.value is None:
        raise ValueError
    value = series.value[1]
    float(value)
    return PrometheusSeries(series.metric, value)


def _sendable(token: str) -> str:
    """Return the token, unless no header can carry it: then nothing about the request would name the Secret."""
    if token.isascii() and token.isprintable():
        return token
    raise PrometheusUnavailable(
        "its token has line breaks or characters that are not ASCII, such as a byte order mark; write its Secret again"
    )


def _trusting(authority: str | None) -> ssl.SSLContext:
    """Trust an authority of the cluster's own, if there is one, beside the public ones that the library adds.

    Text between certificates names them in any language; the library takes only ASCII.
    """
    if authority is None:
        return create_urllib3_context()
    try:
        return ssl.create_default_context(cadata=authority.encode("ascii", "ignore").decode())
    except ssl.SSLError as problem:
        raise PrometheusUnavailable(f"its CA is not a certificate in PEM: {problem}"[:LONGEST_CAUSE]) from None
