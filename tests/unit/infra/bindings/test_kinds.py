import dataclasses

from infra.bindings import list_kinds


def test_each_kind_declares_its_public_fields():
    for name, kind in list_kinds().items():
        fields = {f.name: f"fake-{f.name}" for f in dataclasses.fields(kind)}
        declared = kind(**fields).declare()
        assert declared.type == kind.type == name
        public = {} if name == "secret_text" else {k: v for k, v in fields.items() if k != "name"}
        assert dict(declared.properties) == public
        assert kind(**fields).upload() == {"type": name, **fields}


def test_only_a_secret_text_has_a_secret_field():
    assert {name: set(kind.secret_fields()) for name, kind in list_kinds().items() if kind.secret_fields()} == {
        "secret_text": {"text"}
    }
