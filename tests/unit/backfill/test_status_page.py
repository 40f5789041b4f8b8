"""`python -m backfill status --html FILE`: the page of the fake system, and the files that it may replace."""

import json
import stat

import pytest

from backfill.picture.page import file
from contract.control_objects import PAUSE_KEY, RUN_LOG_KEY
from tests.fakes import days
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import KEY
from tests.fakes.operator_routes import write_failure
from tests.strict_html import parse_page


@pytest.fixture
def system():
    return healthy_system(stored=2)


def refused(run, system, path):
    code, out, err = run(system, "status", "--html", str(path))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert system.asked == [], "it ends before the bucket is listed"
    return err


def test_the_page_is_written_beside_the_text_or_the_json(run, system, tmp_path):
    code, out, err = run(system, "status", "--html", "page.html")
    assert (code, err) == (0, "")
    assert "■ stored" in out
    assert out.endswith("\nThe page is in page.html\n")
    first = (tmp_path / "page.html").read_text()
    assert parse_page(first).find("body/header/h1").text == "Backfill of prod"
    assert not stat.S_IMODE((tmp_path / "page.html").stat().st_mode) & 0o111
    code, out, _ = run(system, "status", "--html", "page.html", "--format", "json")
    assert json.loads(out)["totals"]["stored"] == 2
    assert (tmp_path / "page.html").read_text() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "page.html"]


def test_a_page_of_ours_is_replaced_also_through_a_link(run, system, tmp_path):
    page, link = tmp_path / "page.html", tmp_path / "link.html"
    page.write_text(file.START + "an older one")
    link.symlink_to(page)
    assert run(system, "status", "--html", str(link))[0] == 0
    assert link.is_symlink()
    assert page.read_text().endswith("</html>\n")


@pytest.mark.parametrize("content", ["", "<!DOCTYPE html>\n<html>mine</html>", file.START[:-1], "\0\xff"])
def test_any_other_file_stays_as_it_is(run, system, tmp_path, content):
    page = tmp_path / "page.html"
    page.write_text(content)
    err = refused(run, system, page)
    assert err.endswith("page.html exists and is not a page of this command. Choose another path\n")
    assert page.read_text() == content


def test_a_path_that_cannot_be_written_is_one_line(run, system, tmp_path):
    assert "is not a file" in refused(run, system, tmp_path)
    assert "is not a file" in refused(run, system, "/dev/null")
    assert f"Next: mkdir -p {tmp_path}/no" in refused(run, system, tmp_path / "no" / "page.html")
    assert "File name too long" in refused(run, system, tmp_path / ("a" * 300))
    assert refused(run, system, "-") == "error: --html: standard output has the text. Name a file\n"
    assert "the path is empty" in refused(run, system, "")


def test_a_file_that_changes_meanwhile_or_a_full_disk_leaves_nothing(run, system, tmp_path, monkeypatch):
    def fill(path, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file, "replace_file", fill)
    code, out, err = run(system, "status", "--html", "page.html")
    assert (code, out, err) == (2, "", "error: --html: cannot write page.html: No space left on device\n")
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_no_secret_is_in_the_page_the_text_or_the_json(run, system, tmp_path):
    system.objects[PAUSE_KEY] = days.Stored(
        body=json.dumps({"reason": f"key {KEY}", "by": "jo", "at": "2024-12-20T10:00:00Z"}).encode(), custom={}
    )
    write_failure(system.objects, "2024-12-13", at=system.now, attempts=2)
    log = json.loads(system.objects[RUN_LOG_KEY].body)
    log["runs"][0]["error"] = {"code": "storage", "message": f"no {KEY} \x1b[31m"}
    system.objects[RUN_LOG_KEY] = days.Stored(body=json.dumps(log).encode(), custom={})
    for form in ("text", "json"):
        out = run(system, "status", "--html", "page.html", "--format", form)[1]  # the fixture looks for secrets in it
        assert "***" in out, out
        assert "\x1b" not in out
    page = (tmp_path / "page.html").read_text()
    assert page.count("***") >= 2
    assert not any(secret in page for secret in system.environ.values())
