"""A condition's text as tokens: as much of CEL's grammar as it takes to find names and plain texts in it."""

import re
from dataclasses import dataclass
from enum import Enum, auto

_STRING = r"""
    [bB]?[rR][bB]?(?:\"{3}(?s:.)*?\"{3}|'{3}(?s:.)*?'{3}|"[^"\n]*"|'[^'\n]*')
  | [bB]?(?:\"{3}(?:\\(?s:.)|[^\\])*?\"{3}|'{3}(?:\\(?s:.)|[^\\])*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
"""
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+|//[^\n]*)
  | (?P<string>{_STRING})
  | (?P<word>[A-Za-z_]\w*)
  | (?P<other>\d[\w.]*|&&|\|\||==|!=|<=|>=|(?s:.))
    """,
    re.VERBOSE | re.ASCII,
)
_PLAIN = re.compile(r""""([^"\\\n\r]+)"|'([^'\\\n\r]+)'""")


class Kind(Enum):
    """What a token is; everything that is neither a name nor a text is a mark."""

    WORD = auto()
    STRING = auto()
    MARK = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token. ``plain`` is the value of a text that means exactly what stands between its quotes, else None."""

    kind: Kind
    text: str
    plain: str | None = None

    def is_mark(self, text: str) -> bool:
        return self.kind is Kind.MARK and self.text == text

    def is_word(self, text: str) -> bool:
        return self.kind is Kind.WORD and self.text == text


END = Token(Kind.MARK, "")


def tokenise(text: str) -> list[Token]:
    """Split an expression that CEL has parsed; of any other text the tokens mean nothing."""
    tokens = []
    for found in _TOKEN.finditer(text):
        if found.lastgroup == "string":
            plain = _PLAIN.fullmatch(found[0])
            tokens.append(Token(Kind.STRING, found[0], (plain[1] or plain[2]) if plain else None))
        elif found.lastgroup == "word":
            tokens.append(Token(Kind.WORD, found[0]))
        elif found.lastgroup == "other":
            tokens.append(Token(Kind.MARK, found[0]))
    return tokens
