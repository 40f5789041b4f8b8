"""The next command for a finding, as data: a check names the steps, and the report writes the command."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

COMMAND = "python -m checks"  # starts the checks in a checkout
_COMMANDS = {
    "deploy": "pulumi up --stack {stack}",
    "disable_public_url": "npx wrangler r2 bucket dev-url disable {0}",
    "edit_settings": "${{EDITOR:-vi}} {file}",
    "explain": "{checks} explain {0}",
    "export": "read -rs {0} && export {0}",
    "inspect": "curl -sSI {0}",
    "keep_copy": "npx wrangler r2 object get {0}/{1} --remote --file {2}",
    "keep_copy_in": "npx wrangler r2 object get {0}/{1} --remote --file {2} --jurisdiction {3}",
    "list_versions": "npx wrangler versions list --name {worker}",
    "put_secret": "npx wrangler secret put {0} --name {1}",
    "remove_custom_domain": "npx wrangler r2 bucket domain remove {0} --domain {1}",
    "remove_lifecycle_rule": "npx wrangler r2 bucket lifecycle remove {0} --name {1}",
    "request": "curl -sSi {0}",
    "rerun": "{checks} run {all} {source}",
    "rerun_with_stack": "{checks} run {all} --stack {stack}",
    "rerun_thoroughly": "{checks} run {0} {source} --thorough --deadline {1}",
    "rerun_verbosely": "{checks} run {0} {source} --verbose",
    "rerun_within": "{checks} run {0} {source} --deadline {1}",
    "resume": "{operate} resume {source}",
    "retry_days": "{operate} retry {all} {source}",
    "set_secret": "pulumi config set --secret {0} --stack {stack}",
    "set_setting": "pulumi config set {0} {1} --stack {stack}",
    "show_clock": "date -u",
    "show_logs": "npx wrangler tail {worker}",
    "show_setting": "pulumi config get {0} --stack {stack}",
    "show_settings": "pulumi config --stack {stack}",
    "show_version": "npx wrangler versions view {0} --name {worker}",
    "unset": "unset {0}",
    "wait": "sleep {0}",
}  # each argument is quoted for a shell


@dataclass(frozen=True, slots=True)
class Hint:
    """Steps in order. Each step is a name of ``_COMMANDS`` and its arguments."""

    steps: tuple[tuple[str, ...], ...]

    @classmethod
    def _of(cls, name: str, *arguments: str) -> Self:
        return cls(((name, *arguments),))

    def then(self, other: Hint) -> Hint:
        """Return these steps, followed by the other ones."""
        return Hint((*self.steps, *other.steps))

    def format_command(self, *, stack: str, worker: str, checks: str = COMMAND, source: str = "") -> str:
        """Return the steps as one line for a shell: each runs after the success of the one before.

        ``checks`` is the command that starts the checks. ``source`` is its option where the manifest is a file.
        """
        settings = f"Pulumi.{stack.rpartition('/')[2]}.yaml"
        names = {name: shlex.quote(text) for name, text in {"stack": stack, "worker": worker, "file": settings}.items()}
        option = source or f"--stack {names['stack']}"
        words = {"checks": checks, "operate": f"{checks.removesuffix('checks')}backfill", "source": option, **names}
        quoted = [[shlex.quote(argument) for argument in step[1:]] for step in self.steps]
        return " && ".join(
            _COMMANDS[step[0]].format(*arguments, all=" ".join(arguments), **words)
            for step, arguments in zip(self.steps, quoted, strict=True)
        )

    @classmethod
    def deploy(cls) -> Hint:
        """Deploy the stack."""
        return cls._of("deploy")

    @classmethod
    def resume(cls) -> Hint:
        """End the pause of the backfill."""
        return cls._of("resume")

    @classmethod
    def retry_days(cls, site: str, days: Sequence[str]) -> Hint:
        """Copy failed days of a site again now, all of them if none is named."""
        return cls._of("retry_days", "--site", site, *(word for day in days for word in ("--day", day)))

    @classmethod
    def set_secret(cls, setting: str) -> Hint:
        """Store a setting as a secret (the engine asks for its value), and deploy."""
        return cls._of("set_secret", setting).then(cls.deploy())

    @classmethod
    def set_setting(cls, setting: str, value: str) -> Hint:
        """Store a setting, and deploy."""
        return cls._of("set_setting", setting, value).then(cls.deploy())

    @classmethod
    def edit_settings(cls) -> Hint:
        """Edit the stack's settings, and deploy."""
        return cls._of("edit_settings").then(cls.deploy())

    @classmethod
    def show_settings(cls) -> Hint:
        """Show all settings of the stack."""
        return cls._of("show_settings")

    @classmethod
    def show_setting(cls, setting: str) -> Hint:
        """Show one setting of the stack."""
        return cls._of("show_setting", setting)

    @classmethod
    def rerun(cls, *checks: str) -> Hint:
        """Run some checks again."""
        return cls._of("rerun", *checks)

    @classmethod
    def rerun_with_stack(cls, *checks: str) -> Hint:
        """Run some checks again with the stack's own secrets, also where the manifest came from a file."""
        return cls._of("rerun_with_stack", *checks)

    @classmethod
    def rerun_later(cls, check: str, *, after: int) -> Hint:
        """Wait for some seconds, and run a check again."""
        return cls._of("wait", str(after)).then(cls.rerun(check))

    @classmethod
    def rerun_within(cls, check: str, seconds: float) -> Hint:
        """Run a check again, with a longer deadline."""
        return cls._of("rerun_within", check, f"{seconds:g}s")

    @classmethod
    def rerun_thoroughly(cls, check: str, seconds: float) -> Hint:
        """Run a check of all days again, with a longer deadline, rounded up to minutes. An hour is the longest."""
        return cls._of("rerun_thoroughly", check, f"{min(3600, 60 * math.ceil(seconds / 60))}s")

    @classmethod
    def rerun_verbosely(cls, check: str) -> Hint:
        """Run a check again, with all its evidence."""
        return cls._of("rerun_verbosely", check)

    @classmethod
    def explain(cls, check: str) -> Hint:
        """Explain a check."""
        return cls._of("explain", check)

    @classmethod
    def show_clock(cls) -> Hint:
        """Show the time of this machine in UTC."""
        return cls._of("show_clock")

    @classmethod
    def show_logs(cls) -> Hint:
        """Show the worker's live logs."""
        return cls._of("show_logs")

    @classmethod
    def put_secret(cls, secret: str, *, worker: str) -> Hint:
        """Put a secret into a worker that this stack does not deploy."""
        return cls._of("put_secret", secret, worker)

    @classmethod
    def keep_copy(cls, bucket: str, key: str, *, jurisdiction: str = "default") -> Hint:
        """Download an object to a new file of the current folder. The object stays as it is."""
        file = key.replace("/", "-")
        if jurisdiction == "default":
            return cls._of("keep_copy", bucket, key, file)
        return cls._of("keep_copy_in", bucket, key, file, jurisdiction)

    @classmethod
    def show_version(cls, version_id: str) -> Hint:
        """Show a version of the worker: its author, time and bindings."""
        return cls._of("show_version", version_id)

    @classmethod
    def list_versions(cls) -> Hint:
        """List the versions of the worker."""
        return cls._of("list_versions")

    @classmethod
    def remove_lifecycle_rule(cls, bucket: str, rule: str) -> Hint:
        """Remove a lifecycle rule from a bucket. The objects stay."""
        return cls._of("remove_lifecycle_rule", bucket, rule)

    @classmethod
    def disable_public_url(cls, bucket: str) -> Hint:
        """Disable the public r2.dev address of a bucket."""
        return cls._of("disable_public_url", bucket)

    @classmethod
    def remove_custom_domain(cls, bucket: str, domain: str) -> Hint:
        """Detach a custom domain from a bucket. The objects stay."""
        return cls._of("remove_custom_domain", bucket, domain)

    @classmethod
    def unset(cls, variable: str) -> Hint:
        """Remove a variable from the environment."""
        return cls._of("unset", variable)

    @classmethod
    def export(cls, variable: str) -> Hint:
        """Read a secret from the keyboard, and export it."""
        return cls._of("export", variable)

    @classmethod
    def inspect(cls, url: str) -> Hint:
        """Show the headers of the answer at a URL."""
        return cls._of("inspect", url)

    @classmethod
    def request(cls, url: str) -> Hint:
        """Show the whole answer to a GET request."""
        return cls._of("request", url)
