import threading

from services.gateway.upkeep import repeating


def test_what_fails_is_tried_again_and_ends_with_the_block():
    done = threading.Semaphore(0)
    tries: list[int] = []

    def work() -> None:
        tries.append(len(tries))
        done.release()
        if len(tries) == 1:
            raise OSError("the disk is full")

    with repeating("test-upkeep", work, first_seconds=0.0, every_seconds=0.001):
        assert done.acquire(timeout=10)
        assert done.acquire(timeout=10)

    assert not [thread for thread in threading.enumerate() if thread.name == "test-upkeep"]
