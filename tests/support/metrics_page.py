"""What ``docs/metrics.md`` promises, and what an exposition holds, in one shape to compare."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.support.gateway import GatewayUnderTest

_PAGE = Path(__file__).resolve().parents[2] / "docs/metrics.md"
_ROW = re.compile(r"^\| `(faultline_\w+)` \|([^|]*)\| (\w+)", re.MULTILINE)
_VALUES = re.compile(r"\([^)]*\)")
# What the library adds by itself: when a series was made, and the bound of a bucket.
_CREATED = "_created"
_BOUND = "le"

# A metric's kind and the names of its labels, by its name.
Described = dict[str, tuple[str, frozenset[str]]]


def metrics_of_page(heading: str) -> Described:
    """Return the metrics in the table under ``heading``."""
    _, _, after = _PAGE.read_text("utf-8").partition(f"## {heading}\n")
    section = after.partition("\n## ")[0]
    return {
        name: (kind, frozenset(re.findall(r"`(\w+)`", _VALUES.sub("", labels))))
        for name, labels, kind in _ROW.findall(section)
    }


def metrics_of_text(text: str) -> Described:
    """Return the metrics of an exposition. Those without a series yet have no labels."""
    found: Described = {}
    for family in text_string_to_metric_families(text):
        if family.name.endswith(_CREATED):
            continue
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {_BOUND}
        found[name] = (family.type, frozenset(labels))
    return found


def value_of(text: str, name: str, /, **labels: str) -> float | None:
    """Return one sample's value; None if there is no such sample."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    return None


def shown(gw: GatewayUnderTest, name: str, /, **labels: str) -> float | None:
    """Return a sample's value as the gateway shows it now; None where it shows none."""
    return value_of(gw.get("/metrics", role=None).text, name, **labels)
