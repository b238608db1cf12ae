"""How long a server takes to be ready, and what it holds in memory when idle.

python -m bench.startup
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "YAODIAN_DATA": f"{folder}/data",
            "YAODIAN__BOT__PORT": "0",
            "PYTHONUNBUFFERED": "1",
        }
        for name in ("first start, with the demo's samples to read", "second start"):
            seconds, resident_mb = _start(environment)
            print(f"{name}: ready in {seconds:.1f} s, {resident_mb:.0f} MB resident after 10 s")
    return 0


def _start(environment: dict[str, str]) -> tuple[float, float]:
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--demo"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        server.stdout.readline()
        seconds = time.perf_counter() - started
        time.sleep(10)
        resident = _resident_mb(server.pid)
        server.terminate()
    return seconds, resident


def _resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
