"""That a worker was told to stop is known in the processes it forked before."""

import os

from shared.adapters.ending import Ending


def test_a_process_that_was_forked_before_hears_of_it():
    ending = Ending()
    asks, answers = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        # It answers once before and once after, each time when asked.
        for _ in range(2):
            os.read(asks[0], 1)
            os.write(answers[1], b"1" if ending.has_begun else b"0")
        os._exit(0)

    os.write(asks[1], b"?")
    before = os.read(answers[0], 1)
    ending.begin()
    os.write(asks[1], b"?")
    after = os.read(answers[0], 1)
    os.waitpid(child, 0)
    for end in (*asks, *answers):
        os.close(end)

    assert (before, after) == (b"0", b"1")


def test_each_worker_has_its_own():
    first, second = Ending(), Ending()
    first.begin()

    assert (first.has_begun, second.has_begun) == (True, False)
