"""Which addresses are accepted as base URLs, and which are local or private."""

from checks.model.urls import is_base_url, is_confidential, is_loopback


def test_urls():
    assert is_loopback("http://127.0.0.1:8787")
    assert is_loopback("http://[::1]:1/x")
    assert is_loopback("http://localhost")
    assert not is_loopback("http://127.0.0.1.example.org")
    assert not is_loopback("http://[x")
    assert is_confidential("https://example.org")
    assert not is_confidential("http://example.org")
    assert not is_confidential("ftp://localhost")
    assert is_base_url("https://example.org/client/v4")
    assert is_base_url("http://127.0.0.1:80")
    for url in (
        "https://e.org/",
        "https://u@e.org",
        "https://e.org?q",
        "https://",
        "https://e.org:x",
        "https://e .org",
    ):
        assert not is_base_url(url), url
