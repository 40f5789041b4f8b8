"""What every test run ends with: the matrix of drifts, as tests/e2e/test_drift.py saw them."""


def pytest_terminal_summary(terminalreporter):
    reports = [report for report in terminalreporter.stats.get("passed", []) if report.when == "call"]
    rows = [value for report in reports for name, value in report.user_properties if name == "drift"]
    if not rows:
        return
    terminalreporter.section("what was changed by hand, and what a plain `pulumi preview` says")
    for name, said, then in rows:
        terminalreporter.write_line(f"{name:<38} {said:<58} {then}")
