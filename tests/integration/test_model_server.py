"""The writer against a real socket: what a provider does, and what the reader is shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import date

import pytest

from knowledge.model import Answer, Citation
from knowledge.writer import ModelWriter
from knowledge.writer_calls import Calls
from knowledge.writer_limits import NOBODY, Asker, Limits, Trouble, Usage
from knowledge.writer_model import LangChainModel, ModelPlace
from tests.fakes.ledger import MemoryLedger
from tests.fakes.model_server import FakeModelServer

TODAY = date(2026, 3, 2)
CLAUSE = "（一）班级图书角藏书不少于80册，每学期更新一次。"
QUOTED = Answer(
    question="班级图书角藏书多少册，多久更新一次",
    answered=True,
    text=CLAUSE,
    citations=(
        Citation(
            document_id="d1",
            document="云溪县校园阅读方案",
            file="阅读.txt",
            locator="二、（一）",
            quote=CLAUSE,
            start=0,
            end=len(CLAUSE),
        ),
    ),
    facts=("不少于80册", "每学期更新一次"),
)
GOOD = "班级图书角的藏书至少80册[1]。图书每学期更新一次[1]。"
LIMITS = Limits(call_s=5, silence_s=2)


@pytest.fixture
async def server() -> AsyncIterator[FakeModelServer]:
    server = FakeModelServer(says=lambda rules, words: GOOD)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def ledger() -> MemoryLedger:
    return MemoryLedger()


@pytest.fixture
async def writer(server: FakeModelServer, ledger: MemoryLedger) -> AsyncIterator[ModelWriter]:
    async with opened(server, ledger, LIMITS) as writer:
        yield writer


@asynccontextmanager
async def opened(
    server: FakeModelServer, ledger: MemoryLedger, limits: Limits
) -> AsyncIterator[ModelWriter]:
    place = ModelPlace(name="openai:fake", base_url=server.base_url, api_key="sk-secret")
    model = LangChainModel(place, limits)
    try:
        yield ModelWriter(
            calls=Calls(model=model, ledger=ledger, today=lambda: TODAY, limits=limits)
        )
    finally:
        await model.close()


async def states(writer: ModelWriter, answer: Answer = QUOTED, asker: Asker = NOBODY) -> list[str]:
    return [state.text async for state in writer.write(answer, asker)]


def troubles(writer: ModelWriter) -> dict[str, int]:
    return dict(writer.calls.counters.troubles)


async def test_sentences_are_shown_as_they_are_found_right(
    server: FakeModelServer, writer: ModelWriter, ledger: MemoryLedger
) -> None:
    server.usage = Usage(prompt_tokens=321, completion_tokens=45)

    assert await states(writer) == [
        "班级图书角的藏书至少80册[1]。",
        GOOD,
    ]
    asked = server.requests[0]
    assert asked["stream"] is True
    assert asked["temperature"] == 0
    assert asked["max_tokens"] == LIMITS.answer_tokens
    assert "tools" not in asked
    assert "sk-secret" not in server.words[0]
    assert ledger.spent["all", TODAY] == 366
    assert writer.calls.counters.written == 1


async def test_the_first_sentence_is_shown_while_the_model_still_writes(
    server: FakeModelServer, writer: ModelWriter
) -> None:
    server.fault, server.pause_after = "pause", 6
    async with aclosing(writer.write(QUOTED, NOBODY)) as growing:
        first = await anext(growing)
        assert first.text == "班级图书角的藏书至少80册[1]。"
        server.go_on.set()
        assert [state.text async for state in growing][-1] == GOOD


@pytest.mark.parametrize(
    ("status", "headers", "error", "trouble"),
    [
        (401, {}, {"message": "bad key"}, Trouble.UNAUTHORISED),
        (402, {}, {"message": "Insufficient Balance"}, Trouble.NO_MONEY),
        (403, {}, {"message": "no"}, Trouble.UNAUTHORISED),
        (404, {}, {"message": "no such model"}, Trouble.UNAUTHORISED),
        (429, {"Retry-After": "7"}, {"message": "slow down"}, Trouble.RATE_LIMITED),
        (429, {}, {"message": "x", "code": "insufficient_quota"}, Trouble.NO_MONEY),
        (400, {}, {"message": "x", "code": "data_inspection_failed"}, Trouble.REFUSED),
        (400, {}, {"message": "bad parameter"}, Trouble.REJECTED),
        (500, {}, {"message": "oops"}, Trouble.SERVER),
        (503, {}, {"message": "busy"}, Trouble.SERVER),
    ],
)
async def test_a_refusal_gives_the_quoted_answer_at_once(
    server: FakeModelServer,
    writer: ModelWriter,
    status: int,
    headers: dict[str, str],
    error: dict[str, str],
    trouble: Trouble,
) -> None:
    server.status, server.headers, server.error = status, headers, {**error}

    assert await states(writer) == [CLAUSE]
    assert troubles(writer) == {trouble: 1}
    assert len(server.requests) == 1, "one try, no retries while a person waits"


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        ("cut", Trouble.CUT),
        ("unfinished", Trouble.CUT),
        ("garbage", Trouble.MALFORMED),
        ("endless", Trouble.ENDLESS),
        ("length", Trouble.ENDLESS),
        ("filter", Trouble.REFUSED),
    ],
)
async def test_what_breaks_off_is_taken_back(
    server: FakeModelServer, writer: ModelWriter, fault: str, trouble: Trouble
) -> None:
    server.fault = fault

    assert (await states(writer))[-1] == CLAUSE
    assert troubles(writer) == {trouble: 1}


async def test_a_page_of_a_gateway_is_no_answer(
    server: FakeModelServer, writer: ModelWriter
) -> None:
    server.fault = "not_json"

    assert await states(writer) == [CLAUSE]
    assert sum(troubles(writer).values()) == 1


async def test_silence_ends_in_time(server: FakeModelServer, ledger: MemoryLedger) -> None:
    server.fault = "silent"
    async with opened(server, ledger, Limits(call_s=5, silence_s=0.1)) as writer:
        assert await states(writer) == [CLAUSE]
        assert troubles(writer) == {Trouble.TIMEOUT: 1}
    assert ledger.settled == 1


async def test_nobody_listens_there(server: FakeModelServer, writer: ModelWriter) -> None:
    await writer.calls.model.close()
    await server.stop()

    assert await states(writer) == [CLAUSE]
    assert troubles(writer) == {Trouble.UNREACHABLE: 1}


@pytest.mark.parametrize(
    "said", ["", "  \n", "好的。", "班级图书角藏书不少于800册[1]。", "<think>"]
)
async def test_nothing_worth_showing_gives_the_quoted_answer(
    server: FakeModelServer, writer: ModelWriter, said: str
) -> None:
    server.says = lambda rules, words: said

    assert await states(writer) == [CLAUSE]


async def test_thoughts_are_not_shown(server: FakeModelServer, writer: ModelWriter) -> None:
    server.says = lambda rules, words: f"<think>班级图书角藏书不少于80册[1]。不对。</think>\n{GOOD}"

    assert (await states(writer))[-1] == GOOD


async def test_after_a_wrong_key_the_provider_is_left_alone(
    server: FakeModelServer, writer: ModelWriter
) -> None:
    server.status = 401
    for _ in range(5):
        assert await states(writer) == [CLAUSE]

    assert len(server.requests) == 1
    assert troubles(writer) == {Trouble.UNAUTHORISED: 1, Trouble.RESTING: 4}


async def test_too_many_at_once_are_quoted(server: FakeModelServer, ledger: MemoryLedger) -> None:
    server.fault = "pause"
    async with opened(server, ledger, Limits(at_once=2)) as writer:
        waiting = [asyncio.create_task(states(writer)) for _ in range(2)]
        await server.asked(2)
        assert await states(writer) == [CLAUSE]
        assert troubles(writer) == {Trouble.BUSY: 1}
        server.go_on.set()
        assert [texts[-1] for texts in await asyncio.gather(*waiting)] == [GOOD, GOOD]


async def test_a_spent_budget_sends_nothing(
    server: FakeModelServer, writer: ModelWriter, ledger: MemoryLedger
) -> None:
    ledger.spent["wecom:a", TODAY] = 59_900
    asker = Asker(person="wecom:a", unit="unit:1")

    assert await states(writer, asker=asker) == [CLAUSE]
    assert server.requests == []
    assert troubles(writer) == {Trouble.BUDGET: 1}
    assert ledger.spent["all", TODAY] == 0


async def test_a_reader_who_leaves_stops_the_call(
    server: FakeModelServer, writer: ModelWriter, ledger: MemoryLedger
) -> None:
    server.fault, server.pause_after = "pause", 6
    async with aclosing(writer.write(QUOTED, NOBODY)) as growing:
        await anext(growing)

    assert ledger.settled == 1
    server.fault = ""
    assert (await states(writer))[-1] == GOOD
