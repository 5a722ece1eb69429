"""Quantities as numbers: 250m cores, 64Mi bytes; and how full something is."""

from services.graph.domain.k8s.shape import Quantity

_SUFFIXES = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
    "Ei": 2.0**60,
}


def amount(value: Quantity | None) -> float | None:
    """Return a quantity as a number (apimachinery, resource.Quantity); None for what is none."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    text = value.strip()
    # "1E" is an exa, "1E3" a thousand: the number is tried first.
    for suffix in ("", text[-2:], text[-1:]):
        if suffix and suffix not in _SUFFIXES:
            continue
        try:
            return float(text.removesuffix(suffix) if suffix else text) * _SUFFIXES.get(suffix, 1.0)
        except ValueError:
            continue
    return None


def share(used: Quantity | None, whole: Quantity | None) -> float | None:
    """Return how much of ``whole`` is used; None where either is unknown or there is nothing to use."""
    part, total = amount(used), amount(whole)
    return None if part is None or not total else part / total
