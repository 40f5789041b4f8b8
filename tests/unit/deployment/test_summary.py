"""The Markdown of a deployment."""

from deployment import summary
from deployment.events import Change, Update
from deployment.verification import Failure, Verification

NOTHING = Verification(code=3, passed=0, failures=(), markdown="")


def test_texts_from_outside_are_shown_as_they_are():
    update = Update(errors=["<b>|`@all` [x](y)\n"])
    text = summary.describe_failed("prod", "pulumi up failed", update)
    assert "* &lt;b>&#124;&#96;&#64;all&#96; &#91;x](y) \n" in text


def test_long_lists_are_counted():
    changes = [Change(operation="create", type="a:b:C", name=str(number)) for number in range(60)]
    text = summary.describe_failed("prod", "x", Update(changes=changes, errors=[str(number) for number in range(20)]))
    assert "| | and 10 more | |" in text
    assert text.count("\n* ") == summary.MAX_ERRORS


def test_a_run_without_checks_is_not_verified():
    text = summary.describe_deployed("prod", Update(), (), NOTHING)
    assert "deployed, and not verified" in text
    assert "| Checks | not run (exit code 3) |" in text
    assert "| Resources | unknown |" in text


def test_checks_by_result():
    def failure(check, outcome):
        return Failure(check=check, outcome=outcome, cause="ace", text="", hint="")

    failures = (failure("r2", "fail"), failure("r2", "fail"), failure("proof", "inconclusive"))
    verified = Verification(code=1, passed=3, failures=failures, markdown="")
    assert summary.describe_checks(verified) == "3 passed, failed: r2, inconclusive: proof"
