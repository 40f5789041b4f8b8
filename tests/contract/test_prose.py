"""The countable part of the writing rules (.github/CONTRIBUTING.md) holds for every shipped text."""

import pytest

from tests.contract import prose
from tests.contract.prose import Count, count
from tests.contract.prose_sources import KINDS, texts
from tests.contract.source_tree import SourceTree, working_tree


@pytest.fixture(scope="module")
def files():
    return prose.count_files(working_tree())


@pytest.fixture(scope="module")
def counts_of_tests():
    return prose.count_tests(working_tree())


@pytest.mark.parametrize("limit", ["words", "semicolons"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_repository_keeps_the_limits(files, kind, limit):
    found = prose.total(files[kind])
    assert found.words > 500, "this limit would hold for an empty count"
    if limit == "words":
        assert found.noun_rate <= prose.MAX_WORDS
    else:
        assert found.semicolon_rate <= prose.MAX_SEMICOLONS


def test_each_file_keeps_the_limits(files):
    assert prose.excesses(files) == []


@pytest.mark.parametrize("kind", ["docstrings", "comments"])
def test_the_texts_of_the_tests_keep_the_limits(counts_of_tests, kind):
    found = prose.total(counts_of_tests[kind])
    assert found.words > 500, "this limit would hold for an empty count"
    assert found.noun_rate <= prose.MAX_WORDS
    assert found.semicolon_rate <= prose.MAX_SEMICOLONS


def test_no_name_of_a_test_is_a_noun_clause(tmp_path):
    assert prose.list_test_names(working_tree()) == []
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("def test_a(): ...\n\n\nasync def test_what_is_live(): ...\n")
    tree = SourceTree(root=tmp_path, paths=("tests/test_a.py",))
    assert prose.list_test_names(tree) == ["tests/test_a.py::test_what_is_live"]


@pytest.mark.parametrize(
    ("text", "nouns", "semicolons"),
    [
        ("The live version is the uploaded version.", 0, 0),
        ("What is live is what was uploaded.", 2, 0),
        ("Nobody knows who did it, whose key it is, whoever asks somebody.", 5, 0),
        ("It stops; then it starts.", 0, 1),
        ("The value `a; b` of `what()` is code.", 0, 0),
        ("```console\nwhat; is; this\n```\nA text.", 0, 0),
        ("# What the checks prove\n\nA text.", 0, 0),
        ("Who may read the key? Each maintainer.", 0, 0),
        ("Is what is live still\nwhat main declares?", 0, 0),
        ("It knows what is live. Why?", 1, 0),
        ("A &lt; B holds, see [the page](what;is.md).", 0, 0),
        ("The file what.py and the name what_is are not words.", 0, 0),
        ("Somewhat whole; **bold**; (in brackets); `code`; end", 0, 4),
        ("`Somebody` is a code word, and nobody's key is not.", 1, 0),
    ],
)
def test_words_and_semicolons_are_counted_in_prose_alone(text, nouns, semicolons):
    found = count(text)
    assert (found.nouns, found.semicolons) == (nouns, semicolons)


def test_the_rates_are_per_1000_words_and_add_up():
    found = count("What a day; a night.") + count("Whatever anybody says is said.")
    assert found == Count(words=10, nouns=1, family=2, semicolons=1)
    assert (found.noun_rate, found.semicolon_rate) == (100.0, 100.0)
    assert Count().noun_rate == 0


PYTHON = '''
"""The docstring of the module."""
import re

LIMIT = 3  # bytes; a comment
# One comment on
# two lines.
PATTERN = re.compile(r"a \\d+ day of whose")  # noqa: X - a directive


def run(name: str) -> str:
    """The docstring of the function."""
    print("short text")
    return f"the worker {name} is {'not known' if name else ''} here" "; and more"
'''

WORKER = """
/** The docstring of a worker. */
// One comment on
// two lines.
const PATTERN = /what; is "this text here"/;
/* A block; with a text. */
const short = "two words", long = `the key of ${name} is absent`;
"""


def test_the_texts_of_a_python_file_are_found():
    assert set(texts("a.py", PYTHON)) == {
        ("docstrings", "The docstring of the module."),
        ("docstrings", "The docstring of the function."),
        ("comments", "bytes; a comment\nOne comment on\ntwo lines."),
        ("messages", "the worker {} is {} here; and more"),
    }


def test_the_texts_of_a_worker_are_found():
    found = list(texts("workers/a/worker.js", WORKER))
    assert [(kind, text.strip()) for kind, text in found] == [
        ("docstrings", "The docstring of a worker."),
        ("messages", "the key of {} is absent"),
        ("comments", "One comment on\ntwo lines."),
        ("comments", "A block; with a text."),
    ]


def test_the_comments_of_scripts_and_settings_are_found_and_pages_are_whole():
    assert list(texts("scripts/run", '#!/bin/sh\n# Runs it.\necho "#" # then ends\n')) == [
        ("comments", "Runs it.\nthen ends")
    ]
    assert list(texts("a.yml", "a: b # a comment\nc: 'd'\n")) == [("comments", "a comment")]
    assert list(texts("docs/a.md", "# A page\n")) == [("docs", "# A page\n")]
    assert list(texts("CHANGELOG.md", "A page.")) == list(texts("LICENSE", "A text.")) == []


def test_code_in_a_string_is_not_a_message():
    assert count("const a = what;\nreturn what();\n", "messages") == Count()
    assert count("the key is absent; somebody deleted it", "messages").semicolons == 1


def tree(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.md").write_text(text)
    return SourceTree(root=folder, paths=tuple(f"{name}.md" for name in files))


def test_a_file_over_the_limit_is_found(tmp_path):
    good, bad = "The key is absent. " * 60, "The key is absent. " * 60 + "It is what it is; so it is. " * 4
    assert prose.excesses(prose.count_files(tree(tmp_path, good=good, bad=bad, short="What; what; what; "))) == [
        "bad.md (docs): words 14.7, semicolons 14.7",
        "bad.md (all prose): words 14.7, semicolons 14.7",
    ]


def test_tests_and_generated_files_are_not_counted(tmp_path):
    names = ("tests/a.md", "workers/dist/a.md", "node_modules/a.md", "docs/a.md")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("A text of five words.")
    found = prose.count_files(SourceTree(root=tmp_path, paths=names))
    assert found["docs"] == {"docs/a.md": Count(words=5)}


def test_each_text_with_an_offence_is_listed(tmp_path):
    made = tree(tmp_path, good="The key is absent.", bad="It knows\nwhat is live; always.")
    assert prose.list_offences(made) == ["bad.md (docs): words 1, semicolons 1: It knows what is live; always."]
    assert prose.list_offences(made, "good") == []
