"""docs/examples.md is true: every operation is asked, succeeds as the document promises, and the page shows it."""

from functools import cache

import jsonschema_rs
import pytest

from tests.docs.examples import PAGE, Example, all_operations, ask, read_document, render

DOCUMENT = read_document()
OPERATIONS = {f"{method} {path}": (method, path, operation) for method, path, operation in all_operations(DOCUMENT)}


@cache
def example_of(name: str) -> Example:
    """Return one operation, asked and answered."""
    return ask(*OPERATIONS[name])


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_succeeds_as_it_promises_and_the_page_shows_it(name: str):
    example = example_of(name)
    answer, promised = example.answer, example.promised

    assert str(answer.status_code) in promised, answer.text
    content = promised[str(answer.status_code)].get("content", {})
    assert list(content) == ([answer.mimetype] if answer.data else []), "the media type that is promised"
    if answer.is_json:
        # References in the schema lead into the document.
        schema = {**content["application/json"]["schema"], "components": DOCUMENT["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(answer.json)
    assert render(example) in PAGE.read_text("utf-8"), "run: make docs"


@pytest.mark.parametrize("name", [name for name, (_, _, described) in OPERATIONS.items() if "requestBody" in described])
def test_every_operation_that_takes_a_body_shows_one(name: str):
    (content,) = OPERATIONS[name][2]["requestBody"]["content"].values()

    assert "example" in content
