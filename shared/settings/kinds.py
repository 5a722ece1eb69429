"""What a setting may be: each function reads a text and raises ``ValueError`` saying what it must be."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

KEY_LEAST_LENGTH = 16


def as_integer(low: int, high: int) -> Callable[[str], int]:
    """Return what reads a whole number in these bounds."""

    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(f"must be between {low} and {high}")
        return value

    return parse


def as_seconds(low: float, high: float) -> Callable[[str], float]:
    """Return what reads seconds in these bounds."""

    def parse(text: str) -> float:
        value = float(text)
        # Written so that NaN, which compares false with everything, is refused too.
        if not low <= value <= high:
            raise ValueError(f"must be between {low:g} and {high:g} seconds")
        return value

    return parse


def as_choice(*words: str) -> Callable[[str], str]:
    """Return what reads one of these words."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text

    return parse


def as_origin(text: str) -> str:
    """Return the origin as browsers write it: without a path, and without the port its scheme has anyway."""
    url = urlsplit(text.lower())
    usual = {"http": 80, "https": 443}
    if url.scheme not in usual or not url.hostname or url.path not in {"", "/"} or url.query or url.fragment:
        raise ValueError("must look like https://faultline.example.org, without a path")
    if url.username is not None or url.password is not None:
        raise ValueError("must not hold a user or password")
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    port = url.port
    return f"{url.scheme}://{host}" if port in {None, usual[url.scheme]} else f"{url.scheme}://{host}:{port}"


def as_page(text: str) -> str:
    """Return the address of a page that links may lead to: nothing a browser would run."""
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.hostname or not text.isprintable():
        raise ValueError("must look like https://flower.example.org")
    if url.username is not None or url.password is not None:
        raise ValueError("must not hold a user or password")
    return text


def as_traces(text: str) -> str | Path:
    """Return where spans go: ``none``, ``otlp``, or the file that ``file:PATH`` names."""
    if text in {"none", "otlp"}:
        return text
    scheme, _, path = text.partition(":")
    if scheme != "file" or not path:
        raise ValueError("must be none, otlp or file:PATH")
    return Path(path)


def as_names(text: str) -> tuple[str, ...]:
    """Return names between commas, each once."""
    return tuple(dict.fromkeys(name for name in (part.strip() for part in text.split(",")) if name))


def as_text(text: str) -> str:
    """Return the text as it is."""
    return text


def as_key(text: str) -> str:
    """Return a credential that travels in a header: hard to guess, and nothing that a header cannot carry."""
    if len(text) < KEY_LEAST_LENGTH:
        raise ValueError(f"must have at least {KEY_LEAST_LENGTH} characters")
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ValueError("must be printable ASCII without spaces")
    return text


def as_named_folders(text: str) -> dict[str, Path]:
    """Return the folder of each name: ``name=folder,name=folder``."""
    folders: dict[str, Path] = {}
    for part in (part.strip() for part in text.split(",")):
        name, equals, folder = (word.strip() for word in part.partition("="))
        if part and not (name and equals and folder):
            raise ValueError("must look like name=folder,name=folder")
        if name in folders:
            raise ValueError(f"names {name} twice")
        if part:
            folders[name] = Path(folder)
    return folders
