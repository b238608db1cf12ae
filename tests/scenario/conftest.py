"""A story told on the AI bot, or in DingTalk, has a school that has nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenario import aibot_driver
from tests.scenario.drivers import CHANNELS
from tests.scenario.surface import Surface, chosen


@pytest.fixture(autouse=True)
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    """Before the application, which is built for it."""
    callspec = getattr(request.node, "callspec", None)
    enter = None if callspec is None else callspec.params.get("enter")
    name = next((name for name, one in CHANNELS.items() if one is enter), "")
    found = Surface(name) if name in set(Surface) else Surface.APP
    aibot_driver.forget()
    with chosen(found):
        yield found
