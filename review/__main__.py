"""``pulumi preview --json | python -m review``: writes one comment and ends with the exit code of the preview."""

from __future__ import annotations

import sys
from typing import TextIO

import click

from contract.version import VERSION
from review import comment, preview, preview_json
from review.labels import list_labels

NO_CHANGE, FAILED, CHANGES = 0, 1, 2
MAX_SIZE = 64 * 2**20  # bytes of a preview


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="building-vitals")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 0 for no change, 2 for changes, 1 for an error.")
@click.option("--stack", metavar="NAME", default="", help="The stack, for a preview that failed before it named one.")
@click.option("--labels", type=click.File("w", encoding="utf-8"), help="A file for the labels, one a line.")
def main(*, detailed_exitcode: bool, stack: str, labels: TextIO | None) -> None:
    """Read `pulumi preview --json` from standard input and write a comment for the pull request.

    The comment is written in any case. It says when the preview failed (exit 1). It shows the fields of an allow-list
    only, so it never holds a secret.
    """
    raw = sys.stdin.buffer.read(MAX_SIZE + 1)
    seen = preview.read(raw if len(raw) <= MAX_SIZE else b"", stack=stack)
    sys.stdout.buffer.write(comment.render(seen).encode())  # UTF-8 in every locale, as GitHub expects
    if labels is not None:
        labels.write("".join(f"{label}\n" for label in list_labels(seen)))
    if not seen.readable and raw:  # the engine wrote its error itself where it wrote no preview
        click.echo(f"error: {preview_json.describe_unreadable(raw)}".encode("ascii", "backslashreplace"), err=True)
    if seen.failed:
        sys.exit(FAILED)
    sys.exit(CHANGES if detailed_exitcode and seen.changes else NO_CHANGE)


if __name__ == "__main__":
    main(prog_name="python -m review")
