"""Which servers are reached through a proxy, by the same variables as for kubectl."""

import pytest

from fairlead.cluster import proxies

PROXY = "http://proxy.corp:3128"


@pytest.mark.parametrize(
    ("server", "no_proxy", "proxy"),
    [
        ("https://api.example.com:6443", "", PROXY),
        ("https://api.example.com:6443", "example.com", None),
        ("https://api.example.com:6443", ".example.com", None),
        ("https://api.example.com:6443", "internal, *.Example.com", None),
        ("https://api.example.com:6443", "ample.com,10.0.0.0/8", PROXY),
        ("https://example.com", ".example.com", PROXY),
        ("https://example.com", "example.com:443", None),
        ("https://example.com", "example.com:6443", PROXY),
        ("https://api.example.com:6443", "*", None),
        ("https://10.1.2.3:6443", "10.0.0.0/8", None),
        ("https://10.1.2.3:6443", "10.1.2.3", None),
        ("https://10.1.2.3:6443", "10.1.2.3:6443", None),
        ("https://10.1.2.3:6443", "fd00::/8,192.168.0.0/16", PROXY),
        ("https://[fd00::1]:6443", "fd00::/8", None),
        ("https://[fd00::1]:6443", "[fd00::1]:6443", None),
        ("https://127.0.0.1:6443", "", None),
        ("https://[::1]:6443", "", None),
        ("https://localhost:6443", "", None),
        ("", "", None),
    ],
)
def test_a_server_is_behind_the_proxy_unless_no_proxy_names_it_or_it_is_here(
    server: str, no_proxy: str, proxy: str | None
) -> None:
    assert proxies.of(server, {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}) == proxy
    assert proxies.of(server, {"https_proxy": PROXY, "no_proxy": no_proxy}) == proxy


def test_each_scheme_has_a_proxy_of_its_own_and_a_proxy_without_a_scheme_speaks_http() -> None:
    environ = {"HTTPS_PROXY": "proxy.corp:3128", "HTTP_PROXY": "http://other.corp"}
    assert proxies.of("https://api.example.com", environ) == PROXY
    assert proxies.of("http://api.example.com", environ) == "http://other.corp"
    assert proxies.of("https://api.example.com", {"HTTP_PROXY": PROXY}) is None
