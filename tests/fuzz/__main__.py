"""A longer run: ``python -m tests.fuzz [--seconds 60] [--seed 1] [NAME …]``; prints a line a target."""

import argparse
import os
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

BATCH = 100


def _fuzz(target: Target, seconds: float, seed: int) -> str | None:
    """Run a target for so long; return what failed, if anything did."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with tempfile.TemporaryDirectory() as folder:
            try:
                target.run(Path(folder), BATCH, seed)
            except BaseException:
                if sys.exc_info()[0] is KeyboardInterrupt:
                    raise
                return f"seed {seed}\n{traceback.format_exc()}"
        seed += 1
    return None


def main() -> int:
    """Fuzz and print; return 1 if anything but reading and refusing came of an input."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", help="targets; by default all")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DYNAMICRAG_DATA": folder, "DYNAMICRAG_CACHE": folder}
        for target in TARGETS:
            if given.names and target.name not in given.names:
                continue
            fault = _fuzz(target, given.seconds, given.seed)
            failed += fault is not None
            counts = ", ".join(f"{kind} {count:,}" for kind, count in target.outcomes.most_common())
            total = sum(target.outcomes.values())
            print(f"{target.name:16} {total:8,}  {counts}{'  FAILED' if fault else ''}", flush=True)  # noqa: T201
            if fault:
                print(fault, file=sys.stderr)  # noqa: T201
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
