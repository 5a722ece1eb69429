"""Numbers of cores and bytes as Kubernetes writes them: ``250m``, ``64Mi``, ``2``, ``1e3``; how full something is."""

import re
from collections.abc import Iterable
from decimal import Decimal

from services.graph.domain.k8s.pods import Container, PodSpec
from services.graph.domain.k8s.shape import Quantity

_PATTERN = re.compile(r"^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([numkKMGTPE]?i?)$")
_DECIMAL = {"n": "1e-9", "u": "1e-6", "m": "1e-3", "": "1", "k": "1e3", "M": "1e6", "G": "1e9", "T": "1e12"}
_FACTORS = {
    **{suffix: Decimal(value) for suffix, value in _DECIMAL.items()},
    "P": Decimal("1e15"),
    "E": Decimal("1e18"),
    **{f"{letter}i": Decimal(1024 ** (power + 1)) for power, letter in enumerate("KMGTPE")},
}


def parse_quantity(text: Quantity | None) -> Decimal | None:
    """Return the number, or None for what is none."""
    match = _PATTERN.match(str(text).strip()) if text is not None else None
    if match is None or match[2] not in _FACTORS:
        return None
    try:
        return Decimal(match[1]) * _FACTORS[match[2]]
    except ArithmeticError:
        return None


def share(used: Quantity | None, whole: Quantity | None) -> float | None:
    """Return how much of ``whole`` is used; None where either is unknown or there is nothing to use."""
    part, total = parse_quantity(used), parse_quantity(whole)
    # As floats: of numbers nobody has, a Decimal's quotient may be no number at all.
    return None if part is None or not total or not float(total) else float(part) / float(total)


def requests_of(spec: PodSpec) -> dict[str, Decimal]:
    """Return what the scheduler counts for a pod: the sum of its containers, or more where an init container asks.

    Native sidecars run beside the others, so they are added.
    """
    inits = spec.init_containers or []
    sidecars = [one for one in inits if one.restart_policy == "Always"]
    total = _sum([*(spec.containers or ()), *sidecars])
    for one in inits:
        for name, value in _sum([one]).items():
            total[name] = max(total.get(name, Decimal()), value)
    return total


def _sum(containers: Iterable[Container]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for one in containers:
        resources = one.resources
        # A limit without a request is the request too.
        asked = {
            **((resources.limits if resources else None) or {}),
            **((resources.requests if resources else None) or {}),
        }
        for name, text in asked.items():
            value = parse_quantity(text)
            if value is not None:
                total[name] = total.get(name, Decimal()) + value
    return total
