"""The settings of older versions: ``site``, ``startDate`` and ``endDate`` of a single site. ``sites`` replaces them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from contract.setting_rules.sites import check_date, check_site

if TYPE_CHECKING:
    from infra.settings.source import SettingsSource

FORMER = {"site": "name", "startDate": "startDate", "endDate": "endDate"}  # and the field of a site
_DEFAULTS = {"site": "ses_falls_city", "startDate": "2024-12-10"}  # of the versions that had these settings
_SITES = '[{"name":"ses_falls_city","startDate":"2024-12-10"}]'  # the default of `sites`, without spaces


def refuse_former(source: SettingsSource) -> list[str]:
    """Return one line for the former settings of a stack: the commands that set the new form with their values."""
    given = [setting for setting in FORMER if setting in source.names]
    if not given:
        return []
    is_new = (source.get("sites") or _SITES).replace(" ", "") == _SITES
    commands = [*(_set_sites(source) if is_new else ()), *(f"pulumi config rm {setting}" for setting in given)]
    names = f"{', '.join(given[:-1])} and {given[-1]}" if len(given) > 1 else given[0]
    return [f"{names}: replaced by sites, a list (docs/upgrade.md). Run: {' && '.join(commands)}"]


def _set_sites(source: SettingsSource) -> Iterator[str]:
    """Yield the commands for the first site. A value that breaks its rule is not repeated."""
    for setting, field in FORMER.items():
        value = source.get(setting) or _DEFAULTS.get(setting, "")
        is_valid = (check_site if setting == "site" else check_date)(value) is None
        if value:
            shown = value if is_valid and not source.is_secret(setting) else "VALUE"
            yield f"pulumi config set --path 'sites[0].{field}' {shown}"
