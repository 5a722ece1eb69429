"""What rules need of a whole inventory, worked out once for it: an inventory never changes."""

from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from services.graph.domain.reading.inventory import Inventory

T = TypeVar("T")


def once(compute: Callable[[Inventory], T]) -> Callable[[Inventory], T]:
    """Return ``compute``, run once for each inventory. Its result must not hold the inventory, or neither is freed."""
    known: WeakKeyDictionary[Inventory, T] = WeakKeyDictionary()

    def get(inventory: Inventory) -> T:
        if inventory not in known:
            known[inventory] = compute(inventory)
        return known[inventory]

    return get
