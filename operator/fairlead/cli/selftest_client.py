"""HTTP of `fairlead selftest`: to the API server with the pod's own account, to engines without it. Decides nothing."""

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class SelftestFailure(Exception):
    """The installation does not do what it should; the message says what was seen."""


class SelftestNotFound(SelftestFailure):
    """Nothing is found under that address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestClient:
    """The API server and the token for it; requests to engines do not carry the token."""

    server: str
    token: str
    context: ssl.SSLContext | None = None
    each_s: float = 1.0
    """How long to wait before the next attempt."""

    def request(self, verb: str, url: str, body: object = None) -> dict[str, Any]:
        """The reply; `SelftestFailure` with the server's own message."""
        own = {"Authorization": f"Bearer {self.token}"} if url.startswith("/") else {}
        whole = f"{self.server}{url}" if own else url
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  # our API server, or the address it holds
            whole, data=data, method=verb, headers={"Content-Type": "application/json"} | own
        )
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.context) as answer:  # noqa: S310  # as above
                return dict(json.load(answer))
        except urllib.error.HTTPError as refused:
            kind = SelftestNotFound if refused.code == HTTPStatus.NOT_FOUND else SelftestFailure
            with refused:
                message = refused.read(1000).decode(errors="replace")
            raise kind(f"{verb} {whole}: {refused.code}: {message}") from refused
        except (OSError, ValueError) as unreadable:
            raise SelftestFailure(f"{verb} {whole}: {unreadable}") from unreadable


def in_cluster(account: Path) -> SelftestClient:
    """The client with the account of the pod this runs in."""
    if not (account / "token").exists():
        raise SelftestFailure(
            "this is no pod with an account: `helm test` runs it in one; elsewhere use `kubectl get infd`"
        )
    context = ssl.create_default_context(cafile=account / "ca.crt")
    token = (account / "token").read_text().strip()
    return SelftestClient(server="https://kubernetes.default.svc", token=token, context=context)
