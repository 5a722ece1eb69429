"""Run a program of the machine for a test, such as Debian's Prometheus, and end it again."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STOP_SECONDS = 10
_TAIL_CHARACTERS = 3_000


@contextmanager
def running_program(command: list[str], folder: Path) -> Iterator[None]:
    """Run ``command`` in ``folder`` until the block ends; its log goes there, and is shown when the block raises."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        yield
    except BaseException:
        print(f"--- {log.name}\n{log.read_text(errors='replace')[-_TAIL_CHARACTERS:]}", file=sys.stderr)
        raise
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
