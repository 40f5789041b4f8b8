"""No shipped text, and no command that a check prints, deletes or overwrites a stored day (cases D1 to D4)."""

import re

import pytest

from checks import catalog
from checks.model import hint
from tests.contract.source_tree import working_tree

COMMAND = re.compile(
    r"r2\s+(object\s+(delete|put)|bulk|bucket\s+delete|bucket\s+lifecycle\s+(add|set))"
    r"|object\s+delete|aws\s+s3\s+(rm|mv|sync)|rclone\s+(delete|purge|sync|move)"
)
ADVICE = re.compile(
    r"\b((delete|overwrite)\s+((the|this|that|these|an?|each|all|every|any)\s+(stored\s+|damaged\s+|day\s+)?(day|object)s?)"
    r"|(remove|replace)\s+(the|this|that|these|each|all|every)\s+(stored\s+|damaged\s+|day\s+)?objects?)\b",
    re.IGNORECASE,
)
CODE_OF_A_SERVER = ("rehearsal/cloudflare/", "rehearsal/edge/", "rehearsal/faults/", "rehearsal/pulumi_stand_ins/")
SAFE_IN_R2 = {"remove_custom_domain", "remove_lifecycle_rule", "disable_public_url"}  # they touch no object
TREE = working_tree()


def find_advice(text, path=""):
    """Return each text that deletes or overwrites a stored day."""
    advice = [] if path.startswith(CODE_OF_A_SERVER) else ADVICE.finditer(text)
    return [match.group() for match in (*COMMAND.finditer(text), *advice)]


def test_no_shipped_text_deletes_a_stored_day():
    """Cases D1 to D3: checks, `explain`, docs and rehearsal."""
    texts = {path: TREE.read(path) for path in TREE.shipped(".py", ".md", ".js", ".mjs", ".sh", ".yml", ".yaml", "")}
    assert len(texts) > 200
    found = {path: advice for path, text in texts.items() if (advice := find_advice(text, path))}
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "npx wrangler r2 object delete BUCKET/KEY --remote",
        "npx wrangler r2 object put BUCKET/KEY --file x",
        "wrangler r2 bulk put",
        "delete the object that `r2` names",
        "Delete the day",
        "overwrite the stored object",
        "rclone purge r2:bucket",
        "remove the damaged object",
    ],
)
def test_such_a_text_is_found(text):
    assert find_advice(text)


@pytest.mark.parametrize(
    "text",
    [
        "npx wrangler r2 object get BUCKET/KEY --remote --file FILE",
        "a lifecycle rule that deletes objects",
        "No check prints a command that deletes or overwrites a day",
        "npx wrangler r2 bucket lifecycle remove BUCKET --name RULE",
    ],
)
def test_other_texts_are_not(text):
    assert not find_advice(text)


def test_no_next_command_changes_an_object():
    """The commands of all hints: none has a verb of R2's objects besides `get`."""
    commands = {name: text for name, text in hint._COMMANDS.items() if " r2 " in text}
    assert "keep_copy" in commands
    for name, text in commands.items():
        assert name in SAFE_IN_R2 or re.search(r" r2 (object get|bucket (info|list|lifecycle list|domain list)) ", text)


def test_no_fix_that_explain_prints_deletes_a_stored_day():
    fixes = [cause.fix for check in catalog.load().values() for cause in check.causes]
    assert [fix for fix in fixes if find_advice(fix)] == []
