"""Whether a text that is meant to be public looks like a secret: by its name, by its form, or because it holds one.

``infra/`` refuses such a binding before it is deployed, ``review/`` never shows such a value. The forms are those that
detect-secrets knows (keys of clouds, forges, chats, payment; JWTs, private keys, passwords in URLs).
"""

from __future__ import annotations

import re

_FORMS = (
    "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "DiscordBotTokenDetector", "GitHubTokenDetector",
    "GitLabTokenDetector", "JwtTokenDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector",
    "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector", "SquareOAuthDetector",
    "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
_NAME = re.compile(
    r"(.*_)?(SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)(_.*)?|(.*_)?(API|ACCESS|AUTH|PRIVATE|SIGNING|ENCRYPTION)_?KEY"
    r"|(?!(.*_)?PUBLIC_).*_?(TOKEN|PWD|JWT|APIKEY|BEARER)|(?!(.*_)?PUBLIC_)(.+_)?KEY"
)
_WORD = re.compile(r"[\w+/=-]{32,}", re.ASCII)
_ENTROPY = 4.3  # bits a character: words of a language stay below, 32 random letters and digits do not


def by_name(name: str) -> bool:
    """Return whether a name is one that people give to secrets (``DB_PASSWORD``, ``SLACK_TOKEN``)."""
    return _NAME.fullmatch(name.upper().replace("-", "_")) is not None


def by_form(text: str) -> bool:
    """Return whether a text has the form of a known kind of secret, or holds a long random word."""
    from detect_secrets.core.scan import scan_line  # 0.15 s: only where there is something to look at
    from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString
    from detect_secrets.settings import transient_settings

    entropy = Base64HighEntropyString().calculate_shannon_entropy
    if any(entropy(word) > _ENTROPY for word in _WORD.findall(text)):
        return True
    with transient_settings({"plugins_used": [{"name": name} for name in _FORMS]}):
        return any(True for line in text.splitlines() for _ in scan_line(line))
