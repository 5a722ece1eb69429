"""What is wrong with rules or a silence as they were sent, by the path of the field."""


class RulesInvalid(ValueError):
    """These rules cannot be taken up. ``errors`` holds the reasons by path, such as ``grouping[3].when``."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("; ".join(f"{path}: {text}" for path, texts in errors.items() for text in texts))
        self.errors = errors


class SilenceInvalid(RulesInvalid):
    """The same for a silence, whose paths are its fields."""


class Errors:
    """Collects reasons by path."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}

    def add(self, path: str, text: str) -> None:
        self.found.setdefault(path, []).append(text)

    def unless(self, ok: bool, path: str, text: str) -> None:  # noqa: FBT001 - it reads as a sentence
        """Add the reason unless ``ok``."""
        if not ok:
            self.add(path, text)
