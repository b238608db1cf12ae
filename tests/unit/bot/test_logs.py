from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from bot.logs import Redact, set_up
from store.engine import Store

NAME = "秋水寒"


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
        ("电话 １９９００００１２３４", (), "电话 ***"),
        ("证件 11010119900307123X", (), "证件 ***"),
        ("证件 110101 19900307 123x、110101900307123", (), "证件 ***、***"),
        ("delivery %d of %d", (12345678901234, 3), "delivery 12345678901234 of 3"),
        ("at 2026-09-01 12:00:00, 200 of 86400000", (), "at 2026-09-01 12:00:00, 200 of 86400000"),
        ("arguments %d do not fit %s", ("x",), "(arguments do not fit) arguments %d do not fit %s"),
    ],
)
def test_nothing_secret_or_personal_is_written(
    message: str, arguments: tuple[object, ...], expected: str
) -> None:
    assert written(message, *arguments) == expected


@pytest.mark.parametrize(
    "words",
    [
        "https://host/cgi-bin/message/send?access_token=CANARYcanary0123456789&debug=1",
        "https://host/cgi-bin/gettoken?corpid=ww1&corpsecret=CANARYcanary0123456789",
        "https://host/cgi-bin/webhook/send?key=CANARYcanary-0123-456789",
        '{"accessToken": "CANARYcanary0123456789", "expireIn": 7200}',
        "{'sessionWebhook': 'https://host/robot/sendBySession?session=CANARYcanary0123456789'}",
        "headers Authorization: Bearer CANARYcanary0123456789",
        "postgresql://yaodian:CANARYcanary0123456789@localhost/yaodian",
        "GET /login/CANARYcanary0123456789 HTTP/1.1",
        "GET /calendar/CANARYcanary0123456789.ics HTTP/1.1",
        "GET /f/CANARYcanary0123456789 HTTP/1.1",
        'duplicate key value violates unique constraint "a"\nDETAIL:  Key (name)=(CANARY) exists.',
        "Input should be a valid integer [type=int, input_value='CANARY', input_type=str]",
    ],
)
def test_what_platforms_and_databases_say_is_blotted(words: str) -> None:
    assert "CANARY" not in written(words)


@given(st.text(min_size=6, max_size=30).filter(lambda text: "*" not in text))
def test_any_secret_goes(secret: str) -> None:
    assert secret not in written("a %s b", secret, secrets=(secret,)).removeprefix(
        "a "
    ).removesuffix(" b")


@given(
    st.text(alphabet=st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=6,
            max_size=30).filter(lambda one: "*" not in one),
    st.sampled_from([repr, lambda one: one.encode("unicode_escape").decode()]),
)  # fmt: skip
def test_a_secret_goes_as_others_write_it(secret: str, form: object) -> None:
    assert callable(form)
    told = form({"x": secret}) if form is repr else form(secret)
    assert secret not in written(f"<<{told}>>", secrets=(secret,)).removeprefix("<<{'x': '")


DIGITS = st.text("0123456789", min_size=8, max_size=8)


@given(
    st.sampled_from(["13", "15", "17", "18", "19"]),
    DIGITS,
    st.text(st.characters(codec="utf-8", exclude_categories=["Nd", "Cs"]), max_size=12),
    st.text(st.characters(codec="utf-8", exclude_categories=["Nd", "Cs"]), max_size=12),
    st.sampled_from(["", "86", "+86 ", "0086-"]),
)
def test_any_mobile_goes_wherever_it_stands(
    start: str, rest: str, before: str, after: str, prefix: str
) -> None:
    number = f"{start}{rest}1"
    parts = (number[:3], number[3:7], number[7:])
    for said in (number, " ".join(parts), "-".join(parts)):
        shown = written("%s", f"{before}{prefix}{said}{after}")
        assert rest[1:5] not in shown.replace(before, "").replace(after, "")


@given(
    st.text("123456", min_size=6, max_size=6),
    st.dates(),
    st.text("0123456789", min_size=3, max_size=3),
    st.sampled_from("0123456789Xx"),
)
def test_any_identity_number_goes(place: str, born: object, serial: str, last: str) -> None:
    number = f"{place}{born:%Y%m%d}".zfill(14)[:14] + serial + last
    assert number not in written("身份证%s。", number)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The root logger as the program sets it up, written to where we can look."""
    root, warned = logging.getLogger(), logging.getLogger("py.warnings")
    before = root.handlers[:], root.level, warned.handlers[:]
    set_up(logging.INFO, ["hush-hush"])
    [handler] = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    found = io.StringIO()
    handler.setStream(found)
    yield found
    logging.captureWarnings(False)
    root.handlers[:], warned.handlers[:] = before[0], before[2]
    root.setLevel(before[1])


def test_every_logger_of_every_library_passes_through(stream: io.StringIO) -> None:
    for name in ("", "bot.outbox", "aiohttp.server", "sqlalchemy.engine", "asyncio", "openai"):
        logging.getLogger(name).error("hush-hush 19900001234 of %s", name, stack_info=True)
    assert "hush-hush" not in stream.getvalue()
    assert "19900001234" not in stream.getvalue()
    assert stream.getvalue().count("***") >= 12


def test_a_traceback_is_blotted_too(stream: io.StringIO) -> None:
    try:
        try:
            raise KeyError("19900001234")
        except KeyError as error:
            raise ValueError("hush-hush") from error
    except ValueError:
        logging.getLogger("x").exception("failed")

    shown = stream.getvalue()
    assert "Traceback" in shown
    assert "hush-hush" not in shown
    assert "19900001234" not in shown


def test_a_traceback_that_another_handler_wrote_is_blotted() -> None:
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", (), None)
    record.exc_text, record.stack_info = "ValueError: hush-hush", "at hush-hush"
    Redact(["hush-hush"]).filter(record)

    assert record.exc_text == "ValueError: ***"
    assert record.stack_info == "at ***"


class _Wish(BaseModel):
    days: int


async def test_an_error_of_the_store_or_a_validator_tells_no_contents(
    store: Store, stream: io.StringIO
) -> None:
    def work(session) -> None:  # type: ignore[no-untyped-def]
        session.execute(sql("INSERT INTO setting (key, value) VALUES (:k, :v)"),
                        [{"k": "a", "v": NAME}, {"k": "a", "v": NAME}])  # fmt: skip

    try:
        await store.write(work)
    except DBAPIError:
        logging.getLogger("x").exception("not written")
    try:
        _Wish.model_validate({"days": NAME})
    except ValidationError:
        logging.getLogger("x").exception("not valid")

    assert stream.getvalue().count("Traceback") >= 2
    assert NAME not in stream.getvalue()
