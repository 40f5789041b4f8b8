"""Asks before a preview whether the token, the account and the API can be used.

The engine refreshes a stack before it runs the program. So without this question each mistake is several errors of the
provider, which retries an API that it cannot reach for two minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from checks.model.credentials import CredentialError, gather_credentials
from checks.model.report import EXIT_INCONCLUSIVE, EXIT_USAGE
from checks.model.urls import is_base_url
from checks.run.request import RunRefused
from checks.run.stack import pulumi_cli
from checks.run.stack.configuration import Configuration, read_configuration
from cloudflare_client.client import BASE_URL, CloudflareClient
from cloudflare_client.errors import ApiRefusedError, ApiUnreachableError, CloudflareError
from cloudflare_client.httpx_transport import connect
from cloudflare_client.refusals import SCRIPTS, TOKEN, is_missing_subdomain
from contract.setting_rules import find_violation

NO_ROUTE = 7003  # the path has an impossible account


def ask_first(
    stack: str,
    environ: Mapping[str, str],
    *,
    open_client: Callable[..., AbstractContextManager[CloudflareClient]] = connect,
) -> str:
    """Return a line about the access of a stack to its account. ``open_client`` replaces the network in tests.

    Raises RunRefused, in one line with the next step, where a preview could not read the account.
    """
    try:
        configuration = read_configuration(stack)
    except pulumi_cli.UnusableError as error:
        raise RunRefused(str(error), EXIT_USAGE) from None
    except pulumi_cli.UnreadableError as error:
        raise RunRefused(str(error), EXIT_INCONCLUSIVE) from None
    account = configuration.settings.get("accountId", "")
    violation = find_violation("accountId", account)
    if violation is not None:
        raise RunRefused(f"{violation}. Run: pulumi config set accountId VALUE --stack {stack}", EXIT_USAGE)
    base = configuration.settings.get("baseUrl") or environ.get("CLOUDFLARE_BASE_URL") or BASE_URL
    if not is_base_url(base):
        raise RunRefused("CLOUDFLARE_BASE_URL: expected https (or http to this machine)", EXIT_USAGE)
    token = _read_token(configuration, environ)
    try:
        with open_client(base_url=base, account_id=account, token=token) as client:
            _ask(client, stack)
    except CloudflareError as error:
        raise RunRefused(_describe(error), EXIT_INCONCLUSIVE) from None
    return f"Cloudflare's API accepts {TOKEN} for account {account}"


def _read_token(configuration: Configuration, environ: Mapping[str, str]) -> str:
    """Return the token from the place where the provider reads it: the stack, or else the environment."""
    held = configuration.api_token
    given = {**environ, **({} if held is None else {TOKEN: held.reveal()})}
    try:
        token = gather_credentials({TOKEN: given.get(TOKEN, "")}).cloudflare
    except CredentialError as error:
        raise RunRefused(str(error), EXIT_USAGE) from None
    if token is None:
        text = f"{TOKEN} is not set. Next: export {TOKEN}, or in CI set it as a secret: docs/ci.md"
        raise RunRefused(text, EXIT_INCONCLUSIVE)
    return token.reveal()


def _ask(client: CloudflareClient, stack: str) -> None:
    """Ask for the account's subdomain, which needs a token that may read its workers."""
    try:
        client.read_subdomain()
    except ApiRefusedError as error:
        if is_missing_subdomain("/workers/subdomain", error.codes):
            return  # the program or the check `access` reports it
        if not error.is_unauthorised and NO_ROUTE not in error.codes:
            raise
        text = _describe_refusal(error, client.account_id, stack, is_valid=_is_valid(client))
        raise RunRefused(text, EXIT_INCONCLUSIVE) from None


def _is_valid(client: CloudflareClient) -> bool:
    """Return whether the API knows the token. A token that an account owns is known to that account only."""
    for of_account in (False, True):
        try:
            return client.read_token(of_account=of_account).status == "active"
        except ApiRefusedError:
            continue
    return False


def _describe_refusal(error: ApiRefusedError, account: str, stack: str, *, is_valid: bool) -> str:
    if is_valid:
        return (
            f"{TOKEN} is valid, but not for account {account} ({error.reason}): expected the id of its account, "
            f"or the permission {SCRIPTS}. Next: pulumi config set accountId VALUE --stack {stack}, or another token"
        )
    return (
        f"{TOKEN} is refused ({error.reason}): expected a valid token for account {account}. "
        f"Next: export {TOKEN}, or in CI replace the secret: docs/ci.md"
    )


def _describe(error: CloudflareError) -> str:
    if isinstance(error, ApiUnreachableError):
        return f"{error}. Next: check the network, HTTPS_PROXY and CLOUDFLARE_BASE_URL, then run again"
    return f"{error}. Next: run again" if isinstance(error, ApiRefusedError) else str(error)
