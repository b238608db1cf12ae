"""Where the material lives that tests may read but the project may not contain."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_path(name: str) -> Path:
    """The file ``name`` below ``YAODIAN_SHARED``; without it the test is reported as left out."""
    folder = os.environ.get("YAODIAN_SHARED", "")
    path = Path(folder, name)
    if not folder or not path.exists():
        reason = f"YAODIAN_SHARED holds no {name}"
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
