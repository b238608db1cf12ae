"""What a look at a platform comes to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing tried; ``advice`` is Chinese, and empty when there is nothing to do."""

    ok: bool
    title: str
    advice: str = ""
