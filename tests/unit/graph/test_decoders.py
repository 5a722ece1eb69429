import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.reading import decoding

THREADS = 4


def test_decoders_of_kinds_that_share_a_class_are_never_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    makers: set[int] = set()
    most: list[int] = []
    together = threading.Barrier(THREADS)

    class WatchedDecoder:
        def __init__(self, shape: object) -> None:
            makers.add(threading.get_ident())
            # Long enough for the others to come too, if anything lets them.
            threading.Event().wait(0.02)
            most.append(len(makers))
            makers.discard(threading.get_ident())
            self.decode = msgspec.json.decode

    def make(number: int) -> None:
        shape = type(f"Kind{number}", (KubeObject,), {}, frozen=True, kw_only=True)
        together.wait()
        decoding._page_decoder(shape)
        decoding._object_decoder(shape)

    monkeypatch.setattr(decoding.msgspec.json, "Decoder", WatchedDecoder)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(make, range(THREADS)))

    assert most == [1] * (2 * THREADS)
