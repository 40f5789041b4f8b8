"""Host names, certificates and proxies of the environment."""

from __future__ import annotations

import os
import socket
import ssl
import urllib.request
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from cloudflare_client.httpx_transport import load_certificates

PROXY_VARIABLES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")
CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
# macOS has no EAI_NODATA.
UNKNOWN_HOST = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


class UnusableEnvironmentError(ValueError):
    """A variable of the environment cannot be used. The message names it and never its value."""


def open_client(*, trust_env: bool, transport: httpx.BaseTransport | None, headers: Mapping[str, str]) -> httpx.Client:
    """Open a client without redirects. Proxies and certificates of the environment apply with ``trust_env``.

    Raises UnusableEnvironmentError for an unusable proxy or certificate.
    """
    try:
        return httpx.Client(
            trust_env=trust_env,
            transport=transport,
            follow_redirects=False,
            headers=headers,
            verify=load_certificates(trust_env=trust_env),
        )
    except OSError as error:
        named = _name_variables(CERTIFICATE_VARIABLES, lambda value: Path(value).exists())
        raise UnusableEnvironmentError(f"{named}: {error.strerror or 'no certificates'}") from None
    except (ImportError, ValueError, httpx.InvalidURL):
        named = _name_variables(PROXY_VARIABLES, lambda value: value.lower().startswith(("http://", "https://")))
        raise UnusableEnvironmentError(f"{named}: only http:// and https:// proxies can be used") from None


def find_certificate_problem(error: BaseException) -> str:
    """Return why a certificate was refused, or an empty text."""
    found = [cause for cause in _list_causes(error) if isinstance(cause, ssl.SSLCertVerificationError)]
    return f"its certificate is refused ({found[0].verify_message})" if found else ""


def is_unknown_host(error: BaseException) -> bool:
    """Return whether the name server knows no such host."""
    return any(isinstance(cause, socket.gaierror) and cause.errno in UNKNOWN_HOST for cause in _list_causes(error))


def is_dns_unavailable(error: BaseException) -> bool:
    """Return whether this machine cannot look up any name now."""
    return any(isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN for cause in _list_causes(error))


def find_proxy_variable(url: str) -> str:
    """Return the variable of the environment that names the proxy for a URL, or an empty text."""
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.netloc):
        return ""
    names = (f"{parts.scheme}_proxy", "all_proxy")
    variables = (variable for name in names for variable in (name, name.upper()))
    return next((variable for variable in variables if os.environ.get(variable)), "")


def _list_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _name_variables(names: Collection[str], fits: Callable[[str], bool]) -> str:
    """Return the set variables with an unfit value, in upper or lower case, or all set ones if each value fits."""
    values = {name: value for name, value in os.environ.items() if name.upper() in names and value}
    unfit = [name for name, value in values.items() if not fits(value)]
    return " and ".join(sorted(unfit) or sorted(values)) or " or ".join(names)
