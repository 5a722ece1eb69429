"""What programs put out is kept without secrets, however it is cut into pieces, and with everything else."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.redaction import REDACTED, Redactor, find_secret, redact
from tests.support.secret_samples import LOOK_ALIKE, SECRETS

ALL = "\n".join([*(text for text, _ in SECRETS.values()), *LOOK_ALIKE.values()])


def in_pieces(text, cuts, known=()):
    redactor = Redactor(known)
    bounds = [0, *sorted(cuts), len(text)]
    pieces = [redactor.feed(text[first:last]) for first, last in pairwise(bounds)]
    return "".join([*pieces, redactor.finish()]), redactor.count


@pytest.mark.parametrize(("text", "gone"), SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_is_taken_out(text, gone):
    assert all(part in text for part in gone)
    clean, count = redact(text)
    assert [part for part in gone if part in clean] == []
    assert count >= 1
    assert REDACTED in clean


@pytest.mark.parametrize("text", LOOK_ALIKE.values(), ids=LOOK_ALIKE.keys())
def test_what_only_looks_alike_stays(text):
    assert redact(text) == (text, 0)


@pytest.mark.parametrize(("text", "gone"), SECRETS.values(), ids=SECRETS.keys())
def test_what_is_clean_stays_as_it_is(text, gone):
    clean, _ = redact(text)

    assert redact(clean) == (clean, 0)


@pytest.mark.parametrize(("text", "gone"), SECRETS.values(), ids=SECRETS.keys())
def test_two_pieces_are_as_good_as_one_wherever_they_meet(text, gone):
    whole = redact(text)

    assert {in_pieces(text, [cut]) for cut in range(len(text) + 1)} == {whole}


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, len(ALL)), max_size=40))
def test_no_cut_into_pieces_makes_a_difference(cuts):
    assert in_pieces(ALL, cuts) == redact(ALL)


@settings(deadline=None)
@given(text=st.text(alphabet=st.sampled_from("\n  ab:=-'\"\\{},passwordtokenBEGIN1/@"), max_size=300), data=st.data())
def test_no_cut_of_any_text_makes_a_difference(text, data):
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8))

    assert in_pieces(text, cuts) == redact(text)


ONE_LINE = {name: (text, gone) for name, (text, gone) in SECRETS.items() if "\n" not in text}


def a_long_line(shift=0):
    """Every sample at another place of the windows in which long lines are looked at."""
    return "word " * shift + "".join(f"{text} {'word ' * 61}" for _ in range(6) for text, _ in ONE_LINE.values())


@pytest.mark.parametrize("shift", range(0, 70, 3))
def test_a_secret_in_a_line_without_end_is_taken_out_wherever_it_stands(shift):
    clean, count = redact(a_long_line(shift))

    assert [part for _, gone in ONE_LINE.values() for part in gone if part in clean] == []
    assert clean.count(REDACTED) == count


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 200_000), max_size=12))
def test_no_cut_of_a_long_line_makes_a_difference(cuts):
    line = a_long_line()

    assert in_pieces(line, [min(cut, len(line)) for cut in cuts]) == redact(line)


def test_a_secret_longer_than_any_window_leaves_no_rest():
    clean, count = redact(f'before {{"password": "{"a1" * 100_000}", "host": "db"}} after')

    assert count == 1
    assert clean == f'before {{"password": "{REDACTED}", "host": "db"}} after'


@pytest.mark.parametrize("kind", ["kind: Secret\ndata:\n", "data:\n"], ids=["kind first", "kind last"])
def test_a_long_value_of_a_secret_leaves_no_rest(kind):
    clean, _ = redact(f"{kind}  user: aHVudGVyMjI=\n  big: {'aHVu' * 40_000}\n  last: aHVudGVyMjI=\nkind: Secret\n")

    assert "aHVu" not in clean


def test_what_is_no_secret_is_none_where_a_window_begins():
    # The end of a long word, which a window's beginning must not make a word of its own.
    text = "a" * (44 << 10) + "AKIA" + "ABCDEFGHIJKLMNOP " + "word " * 8_000

    assert redact(text) == (text, 0)


def test_a_quote_of_the_string_around_ends_a_value_too():
    clean, _ = redact(r'{"a": "{\"token\":\"hunter22", "host": "db"}')

    assert clean == rf'{{"a": "{{\"token\":\"{REDACTED}", "host": "db"}}'


def test_a_secret_that_is_known_is_taken_out_wherever_it_stands():
    text = "said swordfish twice: swordfish, and fish"

    assert {in_pieces(text, [cut], ["swordfish", "fish"]) for cut in range(len(text))} == {
        (f"said {REDACTED} twice: {REDACTED}, and fish", 2)
    }


def test_what_surrounds_a_secret_stays():
    clean, _ = redact(
        "a: 1\n-----BEGIN PRIVATE KEY-----\nabc=\n-----END PRIVATE KEY----- b\nurl: redis://:pw1@cache/0\n"
    )

    assert clean == f"a: 1\n{REDACTED} b\nurl: redis://:{REDACTED}@cache/0\n"


def test_a_key_that_never_ends_hides_no_more_than_what_looks_like_it():
    clean, _ = redact("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nError: no such file (or directory), giving up\nnext\n")

    assert clean == f"{REDACTED}\nError: no such file (or directory), giving up\nnext\n"


def test_the_values_of_a_secret_go_and_its_keys_stay():
    clean, count = redact(SECRETS["Secret, JSON"][0])

    assert count == 2
    assert clean == SECRETS["Secret, JSON"][0].replace("aHVudGVyMjI=", REDACTED).replace(
        "eyJhIjogImh1bnRlcjIifQ==", REDACTED
    )


@pytest.mark.parametrize(
    "unit",
    [
        "eyJ-",
        "eyJaaaaaaaaaaa.",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n",
        "a://",
        "ab://a:",
        "://:",
        "password=",
        "password: ",
        '"password":"',
        '\\"token\\":\\"',
        "token:",
        "pwd=/",
        "PWD=/x,",
        "secret='",
        "secret=''",
        '"token":"<',
        "--a-",
        "--password ",
        "token>",
        "authorization: ",
        "authorization:bearer ",
        "bearer ",
        "a,",
        "cookie: a=",
        "AKIAABCDEFGHIJKLMNOP ",
        "data:\n",
        '"data":{',
        '"data":{"a":"',
        "\\",
        '\\"',
        "  \n",
        " ",
        "\n",
        "- ",
        "kind: Secret\n",
        "name: password\n",
        "password: |\n",
        "stringData:\n ",
        "x@tcp(",
        "xoxb-",
        "LS0tLS1CRUdJTiBSU0Eg",
        "{{",
        "[redacted]",
        "x",
        "\u2028",
    ],
)
@pytest.mark.timeout(60)
def test_hostile_text_is_looked_through_in_good_time(unit):
    # What takes quadratic time would take minutes.
    assert redact(unit * ((256 << 10) // len(unit)))


@pytest.mark.parametrize(
    "unit", ["-----BEGIN PRIVATE KEY-----\n", "://:", "data:\n", 'token":"<', "password='", "eyJ-", "\\"]
)
@pytest.mark.timeout(60)
def test_a_megabyte_of_it_too(unit):
    assert redact(unit * ((1 << 20) // len(unit)))


@pytest.mark.parametrize(
    "text", ["token: see the vault", "password: in Vault", "Set the password: then restart", "secretName: x"]
)
def test_prose_of_a_proposal_is_not_refused(text):
    assert find_secret(text) is None


@pytest.mark.parametrize("text", ['{"password": "hunter22"}', "AccountKey=abcdefgh;", "fls_" + "a" * 30])
def test_a_proposal_with_a_secret_is(text):
    assert find_secret(text)
