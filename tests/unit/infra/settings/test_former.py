"""The settings of a single site are refused in one line, with the commands of the new form and the same values."""

import json

import pytest

from infra.settings.reading import SettingsError


def refusal(read, **config):
    with pytest.raises(SettingsError) as caught:
        read(**config)
    [line] = str(caught.value).splitlines()
    return line


def test_the_line_has_the_values_of_the_stack(read):
    line = refusal(read, site="ses_other", startDate="2025-01-01", endDate="2025-12-31")
    assert line == (
        "site, startDate and endDate: replaced by sites, a list (docs/upgrade.md). Run: "
        "pulumi config set --path 'sites[0].name' ses_other && "
        "pulumi config set --path 'sites[0].startDate' 2025-01-01 && "
        "pulumi config set --path 'sites[0].endDate' 2025-12-31 && "
        "pulumi config rm site && pulumi config rm startDate && pulumi config rm endDate"
    )


def test_a_value_that_the_stack_did_not_set_is_the_former_default(read):
    assert refusal(read, startDate="2025-01-01").startswith(
        "startDate: replaced by sites, a list (docs/upgrade.md). Run: "
        "pulumi config set --path 'sites[0].name' ses_falls_city && "
        "pulumi config set --path 'sites[0].startDate' 2025-01-01 && pulumi config rm startDate"
    )


def test_a_stack_that_has_its_sites_already_only_removes_the_former_settings(read):
    sites = json.dumps([{"name": "ses_a", "startDate": "2024-12-10"}, {"name": "ses_b", "startDate": "2024-12-10"}])
    line = refusal(read, sites=sites, site="ses_a", startDate="2024-12-10")
    assert line.endswith("Run: pulumi config rm site && pulumi config rm startDate")


@pytest.mark.parametrize("value", ["$(reboot)", "a; b", "https://jo:fakefake@db.example.org"])
def test_a_value_that_is_not_a_site_is_not_repeated(read, value):
    line = refusal(read, site=value)
    assert value not in line
    assert "'sites[0].name' VALUE" in line
