"""Commands for workflows: they ask before the engine does, and tell a failure before the checks."""

from __future__ import annotations

import os

import click

from checks.cli.standard_streams import write
from checks.model.report import EXIT_USAGE
from checks.run.request import RunRefused


@click.command(short_help="Send one message to NOTIFY_URL.")
@click.option("--stack", metavar="NAME", required=True, help="The stack that the message is about.")
@click.argument("text", metavar="TEXT")
def notify(stack: str, text: str) -> None:
    """Send one line to the webhook in NOTIFY_URL, with the stack and the link to the run on GitHub.

    It changes no state. The text may hold no secret, because arguments are visible to every user of the machine.
    """
    from checks.run.output.delivery import send_note

    if not text.strip():
        raise RunRefused("the text is empty", EXIT_USAGE)
    send_note(stack, text, os.environ)
    write("delivered\n")


@click.command(short_help="Ask whether a preview can read the account.")
@click.option("--stack", metavar="NAME", required=True, help="The Pulumi stack.")
def preflight(stack: str) -> None:
    """Ask once whether the token, the account and Cloudflare's API can be used, before a preview.

    Exit code 0 if a preview can read the account. Otherwise one line names the mistake and the next step.
    """
    from checks.run.stack.preflight import ask_first

    write(f"{ask_first(stack, os.environ)}\n")
