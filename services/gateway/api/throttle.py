"""Decide when an address has tried too many tokens that are not good."""

import ipaddress
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

WINDOW_SECONDS = 60.0
BAD_TOKENS = 20
# An address that showed a good token lately is somebody's proxy or office: strangers there must not lock it out.
TRUST_SECONDS = 600.0
_ADDRESSES = 10_000


class Throttle:
    """Counts bad tokens per address over a sliding minute. Safe to use from many threads.

    A whole /64 of IPv6 counts as one address, because one machine may use all of it. The oldest are forgotten first
    where there are more addresses than are remembered.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._bad: OrderedDict[str, deque[float]] = OrderedDict()
        self._good: OrderedDict[str, float] = OrderedDict()

    def wait_seconds(self, address: str) -> int:
        """Return 0 if a token of this address is to be looked at, else after how many seconds it will be."""
        address = _who(address)
        # Without the lock: nearly every address has never shown a bad token, and a stale answer does no harm.
        if address not in self._bad:
            return 0
        now = self._monotonic()
        with self._lock:
            times = self._bad.get(address)
            if times is None or now - self._good.get(address, float("-inf")) < TRUST_SECONDS:
                return 0
            while times and now - times[0] >= WINDOW_SECONDS:
                times.popleft()
            if len(times) < BAD_TOKENS:
                return 0
            return int(WINDOW_SECONDS - (now - times[0])) + 1

    def note_bad(self, address: str) -> None:
        """Count a token that was not good."""
        address = _who(address)
        with self._lock:
            times = self._bad.setdefault(address, deque(maxlen=BAD_TOKENS))
            times.append(self._monotonic())
            self._bad.move_to_end(address)
            if len(self._bad) > _ADDRESSES:
                self._bad.popitem(last=False)

    def note_good(self, address: str) -> None:
        """Remember that this address showed a good token."""
        now, address = self._monotonic(), _who(address)
        # Every request comes through here; once in a while is often enough to remember it.
        if now - self._good.get(address, float("-inf")) < WINDOW_SECONDS:
            return
        with self._lock:
            self._good[address] = now
            self._good.move_to_end(address)
            if len(self._good) > _ADDRESSES:
                self._good.popitem(last=False)


def _who(address: str) -> str:
    """Return what counts as one: an IPv4 address in whatever spelling, a /64 of IPv6."""
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{ipaddress.IPv6Address(int(parsed) >> 64 << 64)}/64"
