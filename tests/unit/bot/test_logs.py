from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logs import Redact


def written(message: str, *arguments: object, secrets: tuple[str, ...] = ("hush-hush",)) -> str:
    record = logging.LogRecord("x", logging.INFO, "f", 1, message, arguments, None)
    Redact(secrets).filter(record)
    return record.getMessage()


@pytest.mark.parametrize(
    ("message", "arguments", "expected"),
    [
        ("token %s", ("hush-hush",), "token ***"),
        ("电话 19900001234 已记", (), "电话 *** 已记"),
        ("电话 199-0000 1234、+8619900001234", (), "电话 ***、+***"),
        ("证件 11010119900307123X", (), "证件 ***"),
        ("delivery %d of %d", (12345678901234, 3), "delivery 12345678901234 of 3"),
    ],
)
def test_nothing_secret_or_personal_is_written(
    message: str, arguments: tuple[object, ...], expected: str
) -> None:
    assert written(message, *arguments) == expected


@given(st.text(min_size=6, max_size=30).filter(lambda text: "*" not in text))
def test_any_secret_goes(secret: str) -> None:
    assert secret not in written("a %s b", secret, secrets=(secret,)).removeprefix(
        "a "
    ).removesuffix(" b")


def test_a_traceback_is_blotted_too() -> None:
    try:
        raise ValueError("hush-hush")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "f", 1, "failed", (), (ValueError, error, error.__traceback__)
        )
    Redact(["hush-hush"]).filter(record)

    assert record.exc_text is not None
    assert "hush-hush" not in record.exc_text
