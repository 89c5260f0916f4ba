"""A cluster's address, and what we authenticate with there. Reads nothing but the certificates that it names."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

from multidict import CIMultiDict

NOT_OF_KOPF: Final = frozenset({"tls_server_name", "impersonation"})
"""Kopf has no fields for these; it reads only, so the user that we stand for changes nothing through it."""


class NoCredentials(Exception):
    """There are none, or none that could be used; the message says where they were expected, or what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A server and our credentials for it. Fields have Kopf's names, so that one source serves both."""

    server: str
    ca_path: str | None = None
    insecure: bool = False
    """The kubeconfig says not to verify the server's certificate."""
    scheme: str | None = None
    token: str | None = None
    certificate_path: str | None = None
    private_key_path: str | None = None
    proxy_url: str | None = None
    default_namespace: str | None = None
    tls_server_name: str | None = None
    """The name to expect in the server's certificate, if it is not the address's host."""
    impersonation: tuple[tuple[str, str], ...] = ()
    """Headers that name the user to act as, with that user's rights; one name may come several times."""

    @property
    def headers(self) -> CIMultiDict[str]:
        """The headers that say who sends a request; a client certificate needs none."""
        own = (("Authorization", f"{self.scheme} {self.token}"),) if self.token else ()
        return CIMultiDict((*own, *self.impersonation))

    def for_kopf(self) -> dict[str, Any]:
        """Return the arguments of `kopf.ConnectionInfo`."""
        return {name: value for name, value in asdict(self).items() if name not in NOT_OF_KOPF}

    def trust(self) -> ssl.SSLContext:
        """Return the TLS context: the CA that verifies the server, and our client certificate."""
        try:
            context = as_kubectl_verifies(ssl.create_default_context(cafile=self.ca_path))
        except OSError as problem:
            raise NoCredentials(
                f"the certificate authority of {self.server} cannot be used ({' '.join(str(problem).split())}): it "
                "must be a certificate as PEM; correct certificate-authority of the cluster in the kubeconfig"
            ) from problem
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        self.present(context)
        return context

    def present(self, context: ssl.SSLContext) -> None:
        """Present our client certificate, if we have one; the context stays as it is if the pair cannot be used."""
        if not self.certificate_path:
            return
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(self.certificate_path, self.private_key_path)
        except (OSError, ValueError) as problem:
            raise NoCredentials(
                f"the client certificate and its key cannot be used ({' '.join(str(problem).split())}): both must be "
                "PEM and belong together; log in anew, or correct the kubeconfig"
            ) from problem
        context.load_cert_chain(self.certificate_path, self.private_key_path)


def as_kubectl_verifies(context: ssl.SSLContext) -> ssl.SSLContext:
    """Accept certificates without key identifiers, as kubectl does: CAs of many clusters, those of EKS too, have none.

    Python refuses them from 3.13 on.
    """
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


CredentialSource = Callable[[], Awaitable[Credentials]]
"""Reads credentials anew."""
