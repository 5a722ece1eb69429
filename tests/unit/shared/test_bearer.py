import pytest

from shared.bearer import find_bearer, shows_key


def as_sent(text: str) -> str:
    """What a server makes of the bytes a client sends."""
    return text.encode().decode("latin-1")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_the_same_in_any_case(scheme: str) -> None:
    assert find_bearer(f"{scheme} secret") == "secret"
    assert shows_key(f"{scheme} secret", "secret")


@pytest.mark.parametrize("header", ["", "Basic secret", "secret", "Bearers secret", " Bearer secret", "Bearer:secret"])
def test_another_scheme_shows_nothing(header: str) -> None:
    assert find_bearer(header) is None
    assert not shows_key(header, "secret")


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer Secret", "Bearer secret2", "Bearer secre", "Bearer ☃"])
def test_another_key_is_not_the_key(header: str) -> None:
    assert not shows_key(header, "secret")


def test_spaces_around_it_are_none_of_it() -> None:
    assert find_bearer("Bearer   of two \t") == "of two"


# The last byte of à would be a space, and that of Å the end of a line, to who takes bytes for characters.
@pytest.mark.parametrize("key", ["schlüssel", "à", "Å"])
def test_a_key_may_have_letters_beyond_ascii(key: str) -> None:
    assert shows_key(as_sent(f"Bearer {key}"), key)
