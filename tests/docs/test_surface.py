"""What counts as a change of behaviour in the API document, and what is only its wording."""

from pathlib import Path

from scripts import surface


def digest(operation, schemas=None):
    return surface._digest(operation, {"schemas": schemas or {}})


def an_operation(schema):
    return {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}


def test_wording_is_no_change():
    one = {"summary": "List.", "tags": ["a"], **an_operation({"type": "string", "description": "Its name."})}
    other = {"summary": "List all.", "tags": ["b"], **an_operation({"type": "string", "description": "A name."})}

    assert digest(one) == digest(other)


def test_a_field_called_description_is_no_wording():
    without = an_operation({"type": "object", "properties": {}})
    with_field = an_operation({"type": "object", "properties": {"description": {"type": "string"}}})

    assert digest(without) != digest(with_field)


def test_a_change_in_a_shared_schema_changes_every_operation_that_uses_it():
    operation = an_operation({"$ref": "#/components/schemas/Incident"})
    narrow = {"Incident": {"type": "object", "properties": {"id": {"type": "string"}}}}
    wide = {"Incident": {"type": "object", "properties": {"id": {"type": "string"}, "number": {"type": "integer"}}}}

    assert digest(operation, narrow) != digest(operation, wide)


def test_a_schema_that_contains_itself_comes_to_an_end():
    tree = {"Tree": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}

    assert len(digest(an_operation({"$ref": "#/components/schemas/Tree"}), tree)) == 12


def test_error_codes_are_read_off_every_service(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])

    codes = surface._error_codes()

    assert codes["storage_full"] == "HTTP 507"
    assert codes["settings_invalid"] == "HTTP 500"
