"""Where files of the project are that are no part of the distribution: samples, and the demo cluster."""

from pathlib import Path

import services

DEMO_CLUSTER = Path("data/demo/shop")


def find_project_file(name: Path) -> Path:
    """Return where the project has ``name``: beside the ``services`` package, else under the current folder."""
    beside = Path(str(services.__file__)).resolve().parents[1] / name
    return beside if beside.exists() else Path.cwd() / name
