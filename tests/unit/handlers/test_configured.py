"""Points and retention are set for types that there are, by either name."""

from __future__ import annotations

import pytest

from bot.errors import ConfigError
from handlers.records.configured import days_by_type, points_by_key
from handlers.records.type_files import load_record_types

TYPES = load_record_types()


@pytest.mark.parametrize("name", ["theme_day", "主题党日", "党日活动"])
def test_a_type_is_named_by_its_id_or_in_chinese(name: str) -> None:
    assert points_by_key({name: 2.5}, TYPES) == {"theme_day": 2.5}
    assert days_by_type({name: 30}, TYPES) == {"theme_day": 30}


@pytest.mark.parametrize(("name", "hint"), [("theme_dya", "theme_day"), ("主题党曰", "主题党日")])
def test_a_slip_stops_the_start_and_is_put_right(name: str, hint: str) -> None:
    for read, section in ((points_by_key, "points"), (days_by_type, "retention")):
        with pytest.raises(ConfigError) as caught:
            read({name: 3}, TYPES)
        assert f"[{section}]" in caught.value.reply
        assert name in caught.value.reply
        assert hint in caught.value.reply
