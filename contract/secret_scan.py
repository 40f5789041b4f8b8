"""Finds texts that look like a secret although they will be public: by name, by form, or by a part of the text.

The program refuses such a binding before it is deployed. The review never shows such a value. The forms are those that
detect-secrets knows (keys of clouds, forges, chats and payment services, JWTs, private keys, passwords in URLs).
"""

from __future__ import annotations

import functools
import re
import threading

from contract.manifest.sites import is_sites_binding

_FORMS = (
    "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "DiscordBotTokenDetector", "GitHubTokenDetector",
    "GitLabTokenDetector", "JwtTokenDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector",
    "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector", "SquareOAuthDetector",
    "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
_STRONG = {  # anywhere in a name
    "SECRET", "SECRETS", "PASSWORD", "PASSWORDS", "PASSWD", "PASSPHRASE", "PASSPHRASES", "CREDENTIAL", "CREDENTIALS",
}  # fmt: skip
_ABOUT = {"COUNT", "EXPIRY", "LENGTH", "LIMIT", "NAME", "POLICY", "PREFIX", "ROTATION", "TEMPLATE", "TTL"}
_WEAK = {"APIKEY", "APIKEYS", "BEARER", "JWT", "KEY", "PASS", "PW", "PWD", "TOKEN", "TOKENS"}  # at the end of a name
_WHICH = re.compile(
    r"OLD|NEW|PREV|PREVIOUS|CURRENT|NEXT|PRIMARY|SECONDARY|MAIN|DEFAULT|BACKUP|LIVE|TEST|SANDBOX|DEV|STAGING|STAGE|PROD"
    r"|PRODUCTION|V?\d+"
)  # may follow the last word
_OF_KEYS = {"ACCESS", "API", "AUTH", "ENCRYPTION", "PRIVATE", "SIGNING"}  # other KEYS are those of a table
_OF_FILTERS = {"ALL", "BAND", "HIGH", "LOW"}  # a low pass is not a password
_PUBLIC = {"PUBLIC", "PUBLISHABLE"}
_GLUED = re.compile(r".*(TOKEN|PWD|JWT|APIKEY|BEARER|PASSWORD)|(API|ACCESS|AUTH|PRIVATE|SIGNING|ENCRYPTION)KEY")
_RULED = {"bucket", "keyTemplate", "sites", "workerName", "DEAD_LETTER_QUEUE", "KEY_TEMPLATE"}  # that hold names
_TEXTS = ("plain_text", "json")  # kinds of a binding whose value is a text of the user's
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")  # 32 digits are an id of Cloudflare's, 40 a commit
_WORD = re.compile(r"[\w+/=-]{32,}", re.ASCII)
_ENTROPY = 4.3  # bits a character: words of a language stay below, 32 random letters and digits do not
_CHOOSING = threading.Lock()


def has_secret_name(name: str) -> bool:
    """Return whether a name is usual for secrets (``DB_PASSWORD``, ``TOKEN_PROD``, ``smtpPass``)."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper().replace("-", "_").strip("_").split("_")
    if _STRONG.intersection(words):
        return words[-1] not in _ABOUT
    while len(words) > 1 and _WHICH.fullmatch(words[-1]):
        words.pop()
    *before, last = words
    if _PUBLIC.intersection(before):
        return False
    if last in {"PASS", "KEYS"}:
        return bool(_OF_KEYS.intersection(before)) if last == "KEYS" else not _OF_FILTERS.intersection(before)
    return last in _WEAK or _GLUED.fullmatch(last) is not None


def is_free_text(name: str, kind: str = "plain_text") -> bool:
    """Return whether the value of a setting, or of a binding of this kind, may be any text.

    Other values are names and ids. A long name is not a secret, although its letters may look random.
    """
    return kind in _TEXTS and name not in _RULED and not is_sites_binding(name)


def has_secret_form(text: str, *, is_free: bool = True) -> bool:
    """Return whether a text has the form of a known kind of secret.

    A text that is free (``is_free_text``) must also hold no long random word and no 64 hex digits.
    """
    # The import takes 0.15 s, so it is not at the top.
    from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString

    entropy = Base64HighEntropyString().calculate_shannon_entropy
    if is_free and (_DIGEST.search(text) or any(entropy(word) > _ENTROPY for word in _WORD.findall(text))):
        return True
    return _has_known_form(text)


@functools.lru_cache(maxsize=4096)
def _has_known_form(text: str) -> bool:
    """Return whether a kind of secret is known by this form. A review scans most texts twice."""
    from detect_secrets.core.scan import scan_line

    with _CHOOSING:
        _choose_forms()
    return any(True for line in text.splitlines() for _ in scan_line(line))


@functools.cache  # `transient_settings` would make every form anew for each text, in 2 ms
def _choose_forms() -> None:
    from detect_secrets.settings import configure_settings_from_baseline

    configure_settings_from_baseline({"plugins_used": [{"name": name} for name in _FORMS]})
