"""CPU the kernel charged to the product's processes."""

import os
from pathlib import Path

from tests.support.product import Product

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(product: Product) -> dict[str, float]:
    """User and system seconds so far of gateway, intake worker (children included) and broker."""
    pids = product.pids
    return {name: sum(map(_seconds, _family(pids[name]))) for name in ("gateway", "intake", "broker") if name in pids}


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK
