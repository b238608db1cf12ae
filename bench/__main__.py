"""Every figure of bench/README.md, one after the other. What cannot be measured here is named."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path


def commands(folder: Path) -> list[list[str]]:
    """Modules with their arguments, in the order of bench/README.md."""
    found = [["bench.quality"], ["bench.sentences"]]
    if shared := os.environ.get("YAODIAN_SHARED"):
        for name in ("workplan-dev", "stard8k"):
            data, run = Path(shared, "eval", name), folder / f"{name}.run"
            found.append(["bench.retrieval", "--data", str(data), "--run", str(run)])
    else:
        print("left out: bench.retrieval on the shared sets (YAODIAN_SHARED is not set)")
    found += [["bench.search_speed"], ["bench.startup"], ["bench.store"], ["bench.callback"],
              ["bench.ack_stalled"], ["bench.firing"], ["bench.checkin"],
              ["bench.writer_quality"]]  # fmt: skip
    return found


def main() -> int:
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for command in commands(Path(folder)):
            if find_spec(command[0]) is None:
                print(f"left out: {command[0]} (not part of this version)")
                continue
            print(f"\n== python -m {' '.join(command)}", flush=True)
            failed |= subprocess.run([sys.executable, "-m", *command], check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
