"""One connection to a Prometheus, through prometheus-api-client; blocks, so it runs in a thread.

Only `prometheus` imports it, and only if a policy names a Prometheus: its libraries cost 19 MB and 0.1 seconds.
"""

import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from fairlead.autoscaler.samples.prometheus_api import PrometheusUnavailable
from fairlead.autoscaler.samples.prometheus_queries import PrometheusSeries

TIMEOUT_SECONDS: Final = 5.0
Answer = TypeVar("Answer")
LONGEST_CAUSE: Final = 200
"""Characters of an error shown to people."""


class HttpPrometheusClient:
    """A client of one server."""

    def __init__(self, url: str, token: str | None, authority: str | None) -> None:
        session = requests.Session()
        session.trust_env = False  # a netrc file would replace the token that the policy names
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        self._connect = PrometheusConnect(
            url=url.rstrip("/"), headers=headers, session=session, retry=Retry(0), timeout=TIMEOUT_SECONDS
        )
        if authority is not None:
            session.mount(url.rstrip("/"), _trusting(authority))

    def query(self, query: str) -> list[PrometheusSeries]:
        """Run an instant query."""
        return _reply_of(lambda: [_series(one) for one in self._connect.custom_query(query)])

    def course(self, query: str, start: float, end: float, step_seconds: float) -> list[tuple[float, float]]:
        """Run a range query."""
        began, ends = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
        step = f"{step_seconds:g}"
        return _reply_of(
            lambda: [
                (float(moment), float(value))
                for one in self._connect.custom_query_range(query, began, ends, step)
                for moment, value in one["values"]
            ]
        )

    def close(self) -> None:
        """Close the connection."""
        self._connect.close()


def _reply_of(send: Callable[[], Answer]) -> Answer:
    try:
        return send()
    except (requests.RequestException, PrometheusApiClientException) as problem:
        raise PrometheusUnavailable(_cause(problem)[:LONGEST_CAUSE]) from None
    except (KeyError, IndexError, TypeError, ValueError) as problem:
        raise PrometheusUnavailable(f"its response is not that of a Prometheus: {problem!r}"[:LONGEST_CAUSE]) from None


def _cause(problem: Exception) -> str:
    """Return the cause below the library's own message, which repeats the whole query."""
    beneath = problem.args[0] if problem.args else None
    return str(getattr(beneath, "reason", None) or problem)


def _series(series: Mapping[str, Any]) -> PrometheusSeries:
    value = str(series["value"][1])
    float(value)
    return PrometheusSeries(series["metric"], value)


def _trusting(authority: str) -> "_CustomAuthorityAdapter":
    try:
        return _CustomAuthorityAdapter(ssl.create_default_context(cadata=authority))
    except ssl.SSLError as problem:
        raise PrometheusUnavailable(f"its CA is not a certificate in PEM: {problem}"[:LONGEST_CAUSE]) from None


class _CustomAuthorityAdapter(HTTPAdapter):
    """Trusts an authority of the cluster's own beside the public ones."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(max_retries=0)

    def init_poolmanager(self, *words: Any, **named: Any) -> None:  # noqa: ANN401 - passed on unchanged
        """Pass the TLS context to the library's connection pool."""
        super().init_poolmanager(*words, ssl_context=self._context, **named)
