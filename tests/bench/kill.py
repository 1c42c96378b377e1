"""Kills a recording at random moments, and compares what it comes to with an undisturbed one.

    python -m tests.bench.kill TIMES UNDISTURBED OUT -- <arguments of `dynamicrag record`, without --out>

Records UNDISTURBED unless it is there, then OUT, killed (-9) TIMES times; each time after a random number
of further finished runs and a random moment of the next. Exits with 1 if the tables differ in more than
timings.
"""

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.outcomes.file import as_record, read_table

TIMINGS = {"seconds", "cpu_seconds", "joules", "kinds", *(row.name for row, _ in DIMENSIONS.derived)}


def main() -> int:
    split = sys.argv.index("--")
    times, undisturbed, out = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    command = [sys.executable, "-m", "dynamicrag.cli", "record", *sys.argv[split + 1 :], "--yes", "--out"]
    if not undisturbed.exists():
        subprocess.run([*command, str(undisturbed)], check=True)
    total = sum(len(row.outcomes) for row in read_table(undisturbed).rows)
    chance = random.Random(0)
    ends = sorted(chance.sample(range(total), times))
    partial = out.with_name(f"{out.name}.partial")
    for number, end in enumerate(ends, 1):
        with subprocess.Popen([*command, str(out)], stdout=subprocess.DEVNULL) as recording:
            while recording.poll() is None and _lines(partial) < end:
                time.sleep(0.02)
            time.sleep(chance.random() * 5)
            recording.kill()
        sys.stderr.write(f"kill {number}: {_lines(partial)} of {total} runs were kept\n")
    subprocess.run([*command, str(out)], check=True)
    differing = list(_differences(undisturbed, out))
    sys.stderr.write("".join(f"{line}\n" for line in differing) + f"{len(differing)} differences\n")
    return int(bool(differing))


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _differences(first: Path, second: Path) -> list[str]:
    ours, theirs = _flat(first), _flat(second)
    return [
        f"{key}: {ours.get(key)!r} became {theirs.get(key)!r}"
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key) != theirs.get(key)
    ]


def _flat(path: Path) -> dict[str, Any]:
    """Return every value of a table by where it stands, timings left out."""
    flat: dict[str, Any] = {}
    for row in read_table(path).rows:
        record = as_record(row)
        for option, outcome in record.pop("outcomes").items():
            flat |= {f"{row.id} {option} {k}": v for k, v in outcome.items() if k not in TIMINGS}
        flat |= {f"{row.id} {key}": value for key, value in record.items()}
    return flat


if __name__ == "__main__":
    sys.exit(main())
