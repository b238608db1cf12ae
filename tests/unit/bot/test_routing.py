from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UnknownCommand
from bot.messages import IncomingMessage, MessageKind, Reply, Role
from bot.routing import Arguments, Handler, Pass, Router
from tests.fakes.messages import message

WORDS = st.text(
    st.characters(exclude_categories=["Z", "C"], exclude_characters="\"'“”‘’「」@＠"), min_size=1
)


def _says(name: str) -> Handler:
    async def handler(incoming: IncomingMessage, arguments: Arguments) -> Reply | None:
        return Reply(text=f"{name}:{'|'.join(arguments.words)}")

    return handler


def _router() -> Router:
    router = Router(otherwise=_says("otherwise"), feedback=_says("feedback"))
    router.command("帮助", "help", to=_says("help"), help="能做什么", example="/帮助")
    router.command("任务", "task", to=_says("task"), needs=Role.OFFICER)
    router.command("文档", "documents", to=_says("documents"))
    router.command("文档 停用", "documents retire", to=_says("retire"), needs=Role.ADMIN)
    router.command("来源", "source", to=_says("source"))
    router.command("签收", to=_says("receipt"), is_hidden=True, is_fast=True)
    return router


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/帮助", "help:"),
        ("／帮助", "help:"),
        ("  /　帮助  ", "help:"),
        ("/HELP", "help:"),
        ("/ｈｅｌｐ", "help:"),
        ("@要点 /帮助", "help:"),
        ("/任务 写总结 周五", "task:写总结|周五"),
        ("/任务　写总结", "task:写总结"),
        ('/任务 "写 总结" 周五', "task:写 总结|周五"),
        ("/任务 “写 总结”周五", "task:写 总结|周五"),
        ("/任务 「写 总结」", "task:写 总结"),
        ("/文档 停用 3", "retire:3"),
        ("/文档　停用　3", "retire:3"),
        ("/documents retire 3", "retire:3"),
        ("/文档 列表", "documents:列表"),
        ("/来源1", "source:1"),
        ("/来源“二 三”", "source:二 三"),
        ("党课多久一次？", "otherwise:"),
        ("", "otherwise:"),
        ("5/任务", "otherwise:"),
    ],
)
async def test_a_text_finds_its_handler(text: str, expected: str) -> None:
    reply = await _router().handle(message("1", text))

    assert reply is not None
    assert reply.text == expected


def test_mentions_are_apart_from_words() -> None:
    arguments = _router().match(message("1", "/任务 @王老师 写总结 ＠周老师")).arguments

    assert arguments.mentions == ("王老师", "周老师")
    assert arguments.words == ("写总结",)
    assert arguments.word(3, "无") == "无"


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("/人物", "任务"),
        ("/任务务", "任务"),
        ("/帮忙助", "帮助"),
        ("/hepl", "帮助"),
        ("/文挡", "文档"),
    ],
)
async def test_a_typo_is_asked_about(text: str, suggestion: str) -> None:
    match = _router().match(message("1", text))
    assert suggestion in match.suggestions

    with pytest.raises(UnknownCommand) as caught:
        await _router().handle(message("1", text))
    assert caught.value.reply.startswith("你是不是要 /")


@pytest.mark.parametrize("text", ["/", "/完全不同的东西xyz", "/ "])
async def test_an_unknown_command_points_to_help(text: str) -> None:
    with pytest.raises(UnknownCommand) as caught:
        await _router().handle(message("1", text))

    assert caught.value.reply == UnknownCommand.default_reply


def test_hidden_commands_are_never_suggested_or_listed() -> None:
    router = _router()

    assert "签收" not in router.match(message("1", "/签受")).suggestions
    assert "签收" not in [command.names[0] for command in router.visible([Role.ADMIN])]


def test_help_lists_what_someone_may_use() -> None:
    names = [command.names[0] for command in _router().visible([Role.TEACHER])]

    assert names == ["帮助", "文档", "来源"]
    assert len(_router().visible([Role.ADMIN])) == 5


def test_everyone_on_the_roster_is_at_least_a_teacher() -> None:
    router = Router(otherwise=_says("otherwise"))
    router.command("记录", to=_says("records"), needs=Role.TEACHER)

    assert len(router.visible([Role.PARTY_MEMBER])) == 1
    assert len(router.visible([Role.GUEST])) == 0


def test_a_name_is_taken_once() -> None:
    router = _router()

    with pytest.raises(ValueError, match="taken"):
        router.command("HELP", to=_says("other"))


async def test_taps_are_commands_and_feedback_has_its_handler() -> None:
    router = _router()

    tapped = await router.handle(message("1", "/签收 17", kind=MessageKind.TAP))
    liked = await router.handle(message("2", "up", kind=MessageKind.FEEDBACK))

    assert tapped == Reply(text="receipt:17")
    assert liked == Reply(text="feedback:")
    assert await router.handle(message("3", kind=MessageKind.ENTER)) is None


async def test_a_phrase_comes_before_the_question_and_may_pass() -> None:
    router = _router()

    async def not_mine(incoming: IncomingMessage, arguments: Arguments) -> Reply | None:
        raise Pass

    router.phrase(lambda incoming: "到" in incoming.text, to=not_mine)
    router.phrase(lambda incoming: incoming.text == "到", to=_says("here"))

    assert await router.handle(message("1", "到")) == Reply(text="here:")
    assert await router.handle(message("2", "几点到")) == Reply(text="otherwise:")


async def test_a_group_that_did_not_call_gets_silence_but_for_phrases() -> None:
    router = _router()
    router.phrase(lambda incoming: incoming.text == "到", to=_says("here"))

    assert await router.handle(message("1", "随便聊", is_mention=False)) is None
    assert await router.handle(message("2", "到", is_mention=False)) is None
    assert await router.handle(message("3", "/帮助", is_mention=False)) is None
    assert router.is_fast(message("4", "随便聊", is_mention=False))


def test_the_fast_lane_is_for_taps_phrases_and_marked_commands() -> None:
    router = _router()
    router.phrase(lambda incoming: incoming.text == "到", to=_says("here"))
    router.phrase(lambda incoming: incoming.text == "慢", to=_says("slow"), is_fast=False)

    fast = ["到", "/签收 3"]
    slow = ["慢", "党课？", "/帮助", "/不存在"]
    assert all(router.is_fast(message("1", text)) for text in fast)
    assert not any(router.is_fast(message("1", text)) for text in slow)
    assert router.is_fast(message("1", "党课？", kind=MessageKind.TAP))


@given(st.text(max_size=40), st.sampled_from(MessageKind))
async def test_any_text_has_exactly_one_way(text: str, kind: MessageKind) -> None:
    router = _router()
    incoming = message("1", text, kind=kind)
    try:
        await router.handle(incoming)
    except UnknownCommand:
        assert text.lstrip()[:1] in ("/", "／") or "@" in text or "＠" in text
    router.is_fast(incoming)


@given(st.lists(WORDS, max_size=5))
def test_no_word_is_lost(words: list[str]) -> None:
    arguments = _router().match(message("1", "/任务 " + " ".join(words))).arguments

    assert list(arguments.words) == words
