"""Reads the manifest of an older program (schema 1): one site among the fields of ACE, no re-check, no queue."""

from __future__ import annotations

from collections.abc import Mapping

from contract.manifest.reading import read_object, read_value

_DEFAULTS = {"settle_hours": 6, "key_expiry_warning_days": 30}  # of fields that still older programs did not write


def upgrade(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields of a manifest of schema 1 in the form of schema 2. Raises RecordError for another form."""
    ace = _DEFAULTS | dict(read_object(fields.get("ace"), "manifest.ace"))
    storage = dict(read_object(fields.get("storage"), "manifest.storage"))
    storage.pop("prefix", None)  # which followed from the template and the site
    site = {
        "name": read_value(str, ace.pop("site", None), "manifest.ace.site"),
        "start_date": read_value(str, ace.pop("start_date", None), "manifest.ace.start_date"),
        "end_date": read_value(str | None, ace.pop("end_date", None), "manifest.ace.end_date"),
    }
    return {**fields, "storage": storage, "ace": {**ace, "recheck_days": 0}, "sites": [site], "queue": None}
