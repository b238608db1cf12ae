"""The writer's own rules, with a scripted model."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date

import pytest

from knowledge.model import Answer, Citation, Turn
from knowledge.prompts import Prompt
from knowledge.writer import ModelWriter
from knowledge.writer_calls import Calls
from knowledge.writer_limits import (
    NOBODY,
    Asker,
    Breaker,
    Limits,
    ModelTrouble,
    Trouble,
    Usage,
)
from knowledge.writer_model import Piece, trouble_of
from knowledge.writer_proposals import Proposals
from tests.fakes.ledger import MemoryLedger

DAY = date(2026, 3, 2)


class Scripted:
    """Says ``text`` and counts how often it was asked."""

    name = "scripted"

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[Prompt] = []

    async def stream(self, prompt: Prompt, limits: Limits) -> AsyncGenerator[Piece, None]:
        self.asked.append(prompt)
        for character in self.text:
            yield Piece(text=character)
        yield Piece(finish="stop", usage=Usage(prompt_tokens=10, completion_tokens=5))

    async def close(self) -> None: ...


def calls_to(model: Scripted) -> Calls:
    return Calls(model=model, ledger=MemoryLedger(), today=lambda: DAY)


def citation(document: str, quote: str) -> Citation:
    return Citation(
        document_id=document, document=document, file=f"{document}.txt", locator="一",
        quote=quote, start=0, end=len(quote),
    )  # fmt: skip


def quoted(*citations: Citation, facts: tuple[str, ...] = ()) -> Answer:
    text = "".join(one.quote for one in citations)
    return Answer(question="几次", answered=True, text=text, citations=citations, facts=facts)


CHOIR = citation("社团方案", "合唱社每周活动2次，由音乐组负责。")
CHESS = citation("棋类方案", "围棋社每月活动3次，由体育组负责。")


async def said(model: Scripted, answer: Answer) -> str:
    text = ""
    async for state in ModelWriter(calls=calls_to(model)).write(answer, NOBODY):
        text = state.text
    return text


async def test_what_was_refused_is_never_sent() -> None:
    model = Scripted("合唱社每周活动2次[1]。")
    refused = replace(quoted(CHOIR), answered=False)

    assert await said(model, refused) == ""
    assert await said(model, replace(quoted(CHOIR), citations=())) == ""
    corrected = replace(quoted(CHOIR), text="文件里没有提到“泳社”，相关的原文是：合唱社…")
    assert await said(model, corrected) == ""
    assert model.asked == []


async def test_both_sides_of_a_comparison_stay() -> None:
    both = quoted(CHOIR, CHESS, facts=("每周活动2次", "每月活动3次"))

    one_side = "合唱社每周活动2次，由音乐组负责[1]。"
    assert await said(Scripted(one_side), both) == both.text
    two_sides = "合唱社每周活动2次[1]。围棋社每月活动3次[2]。"
    assert await said(Scripted(two_sides), both) == two_sides
    swapped = "合唱社每月活动3次[2]。围棋社每周活动2次[1]。"
    assert await said(Scripted(swapped), both) == both.text


async def test_a_fact_that_was_asked_for_is_not_left_out() -> None:
    answer = quoted(CHOIR, facts=("每周活动2次",))

    assert await said(Scripted("合唱社由音乐组负责[1]。"), answer) == answer.text


async def test_a_row_keeps_its_cells() -> None:
    row = citation("清单", "序号：3；工作内容：校舍年检；牵头科室：项目办；完成时限：10月底前")

    few = "校舍年检的牵头科室是项目办[1]。"
    assert await said(Scripted(few), quoted(row)) == row.quote


async def test_a_wrong_sentence_is_dropped_and_the_right_ones_stay() -> None:
    text = "合唱社每周活动2次[1]。合唱社由音乐组负责[1]。合唱社每周活动8次[1]。"

    assert await said(Scripted(text), quoted(CHOIR)) == "".join(
        ["合唱社每周活动2次[1]。", "合唱社由音乐组负责[1]。"]
    )


async def test_a_follow_up_is_made_whole_from_what_was_said() -> None:
    previous = (Turn(user="云溪县合唱社每周活动几次", bot="2次"),)

    async def whole(text: str) -> str | None:
        return await ModelWriter(calls=calls_to(Scripted(text))).whole(
            "那由谁负责", previous, NOBODY
        )

    assert await whole("云溪县合唱社由谁负责") == "云溪县合唱社由谁负责"
    assert await whole("白鹭县2024年合唱社由谁负责") is None
    assert await whole("云溪县合唱社由谁负责？\n另外再说一句") is None
    assert await whole("云溪县合唱社每周活动几次") is None


async def test_proposals_change_no_figure_and_no_name() -> None:
    heard = "昨天下午3点开了支部会，来了12个人"

    async def plain(text: str) -> str | None:
        return await Proposals(calls=calls_to(Scripted(text))).plain(heard, NOBODY)

    assert await plain("昨天下午3点开了支部会，来了12人。") == "昨天下午3点开了支部会，来了12人。"
    assert await plain("昨天下午3点开了支部会，来了21人。") is None
    assert await plain("昨天下午3点开了支部会，李明主持，来了12人。") is None

    passage = "各校每月检查一次食堂。去年效果明显。"
    picked = Proposals(calls=calls_to(Scripted("各校每月检查一次食堂。\n各校每周检查。")))
    assert await picked.duties(passage, NOBODY) == ("各校每月检查一次食堂。",)


async def test_what_is_paid_is_what_was_counted() -> None:
    calls = calls_to(Scripted("合唱社每周活动2次，由音乐组负责[1]。"))
    asker = Asker(person="wecom:a", unit="unit:1")
    async for _ in ModelWriter(calls=calls).write(quoted(CHOIR), asker):
        pass

    ledger = calls.ledger
    assert isinstance(ledger, MemoryLedger)
    assert {payer: spent for (payer, _), spent in ledger.spent.items()} == {
        "all": 15, "unit:1": 15, "wecom:a": 15,
    }  # fmt: skip


def test_the_breaker_rests_longer_each_time_and_forgives() -> None:
    now = 0.0
    breaker = Breaker(lambda: now)
    for _ in range(3):
        assert breaker.let_through()
        breaker.failed(ModelTrouble(Trouble.SERVER))
    assert not breaker.let_through()
    now = 31.0
    assert breaker.let_through()
    assert not breaker.let_through(), "one tries, the others wait"
    breaker.failed(ModelTrouble(Trouble.TIMEOUT))
    now = 31.0 + 59
    assert not breaker.let_through()
    now = 31.0 + 61
    assert breaker.let_through()
    breaker.succeeded()
    assert breaker.let_through()
    assert breaker.last is None


@pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.BUDGET])
def test_one_question_that_fails_by_itself_rests_nobody(trouble: Trouble) -> None:
    breaker = Breaker(lambda: 0.0)
    for _ in range(10):
        breaker.failed(ModelTrouble(trouble))

    assert breaker.let_through()


def test_foreign_errors_are_sorted() -> None:
    assert trouble_of(TimeoutError()).trouble is Trouble.TIMEOUT
    assert trouble_of(ConnectionRefusedError()).trouble is Trouble.UNREACHABLE
    assert trouble_of(ConnectionResetError()).trouble is Trouble.CUT
    assert trouble_of(ValueError("x")).trouble is Trouble.MALFORMED
