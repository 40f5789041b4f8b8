"""The JSON report has the published form."""

import json
from pathlib import Path

import jsonschema
import pytest

from checks.model.report import Outcome
from checks.reporters import load_renderer
from tests.fakes.reports import STYLE, finding, report, result

ROOT = Path(__file__).parents[4]


def published():
    return json.loads((ROOT / "docs" / "reference" / "report.schema.json").read_text())


def test_the_published_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(published())


@pytest.mark.parametrize(
    "file", sorted((ROOT / "tests" / "golden" / "checks").glob("*.json")), ids=lambda file: file.name
)
def test_json_is_of_the_published_form(file):
    data = json.loads(file.read_text())
    jsonschema.validate(data, published(), cls=jsonschema.Draft202012Validator)
    assert file.name.endswith(f".exit{data['exit_code']}.json")


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"exit_code": 0},
        {"outcome": "skip"},
        {"more": 1},
        {"checks": [{"id": "a", "outcome": "skip", "reason": ""}]},
    ],
)
def test_another_form_is_invalid(change):
    data = json.loads(load_renderer("json")(report(result("d", Outcome.FAIL, finding())), STYLE))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data | change, published(), cls=jsonschema.Draft202012Validator)
