"""Check the file of an approval policy while no gateway reads it: the process behind ``faultline policy check``.

Run as ``python -m services.gateway.policy_tool FILE``. Standard output is one JSON document: ``file``, how much of each
thing the policy has, and ``problems`` with their places. It exits with 0, 2 (usage) or 78 (not a policy), as the
gateway does that is started with such a file.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from services.gateway.approval_file import PolicyInvalid, read_approval_file

OK, EXIT_SETTINGS = 0, 78


def main(arguments: Sequence[str]) -> int:
    """Print what is in the file, or what is wrong with it, and return the exit code."""
    parser = argparse.ArgumentParser(prog="policy_tool", description=__doc__)
    parser.add_argument("file", type=Path)
    result = check(parser.parse_args(arguments).file)
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    return EXIT_SETTINGS if result["problems"] else OK


def check(path: Path) -> dict[str, Any]:
    """Return what the policy in ``path`` holds, or every problem of it."""
    try:
        policy = read_approval_file(path)
    except PolicyInvalid as error:
        return {
            "file": str(path),
            "problems": [{"place": place, "problem": what} for place, what in error.problems],
        }
    return {
        "file": str(path),
        "environments": [one.name for one in policy.environments],
        "overrides": len(policy.overrides),
        "freezes": [one.name for one in policy.freezes],
        "problems": [],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
