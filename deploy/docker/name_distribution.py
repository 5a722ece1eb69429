"""Write down in this environment which version of Faultline the image holds, for the code lies there without a wheel.

``python name_distribution.py pyproject.toml``: `importlib.metadata` then answers as where it is installed.
"""

import sys
import sysconfig
import tomllib
from pathlib import Path


def name_distribution(project_file: Path, packages: Path) -> Path:
    """Write the metadata of the project into the folder of packages, and return its folder."""
    project = tomllib.loads(project_file.read_text("utf-8"))["project"]
    folder = packages / f"{project['name']}-{project['version']}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {project['version']}\n", "utf-8"
    )
    return folder


if __name__ == "__main__":
    name_distribution(Path(sys.argv[1]), Path(sysconfig.get_path("purelib")))
