import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.adapters.json_store.grams import Grams

TEXTS = st.text(st.sampled_from("ab5x- \nä"), max_size=12)
WORDS = st.text(st.sampled_from("ab5x-z"), min_size=1, max_size=2)


def having(grams, word, size):
    return set(np.flatnonzero(grams.find(word.encode(), size)).tolist())


@given(loaded=st.lists(TEXTS, max_size=20), changed=st.dictionaries(st.integers(0, 9000), TEXTS), word=WORDS)
def test_one_or_two_characters_are_found_in_exactly_the_texts_that_hold_them(loaded, changed, word):
    grams = Grams()
    grams.load(0, [text.encode() for text in loaded])
    for number, text in changed.items():
        grams.put(number, text.encode())

    texts = dict(enumerate(loaded)) | changed
    assert having(grams, word, 10_000) == {number for number, text in texts.items() if word in text}


def test_texts_are_loaded_from_any_multiple_of_eight():
    grams = Grams()
    grams.load(0, [b"db"])
    grams.load(8_192, [b"", b"db"])

    assert having(grams, "db", 10_000) == {0, 8_193}


def test_longer_words_and_other_letters_are_left_to_others():
    grams = Grams()

    assert grams.find(b"", 1) is None
    assert grams.find(b"abc", 1) is None
    assert grams.find("ä".encode(), 1) is None
