import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.wecom import cards
from bot.channels.wecom.errors import Action, error_of, rule_of
from bot.channels.wecom.incoming import ReplyTo
from bot.channels.wecom.menu import menu_of
from bot.channels.wecom.rendering import Part, Renderer, texts
from bot.channels.wecom.settings import AppSettings, MenuItem
from bot.errors import ChannelRefused, ChannelUnavailable, ConfigError
from bot.messages import Button, Card, Link, Reply, Source

SETTINGS = AppSettings(
    corp_id="wwx", agent_id=2, secret="s3cret-value", token="T0kenValue", aes_key="k" * 43
)
RENDERER = Renderer(settings=SETTINGS)
WORDS = st.text(st.characters(codec="utf-8"), max_size=40)
CARDS = st.builds(
    Card,
    title=WORDS.filter(bool),
    body=WORDS,
    facts=st.lists(st.tuples(WORDS, WORDS), max_size=9).map(tuple),
    buttons=st.lists(
        st.builds(Button, label=WORDS, command=WORDS, style=st.sampled_from(["plain", "x"])),
        max_size=9,
        unique_by=lambda button: button.command,
    ).map(tuple),
    links=st.lists(st.just(Link(label="打开", url="https://x.example/")), max_size=9).map(tuple),
    key=st.text(st.characters(codec="utf-8"), max_size=120),
)


@given(st.text(st.characters(codec="utf-8"), max_size=3000))
def test_every_text_fits_and_is_never_empty(markdown: str) -> None:
    for content in texts(markdown):
        text = content["text"]["content"]
        assert 0 < len(text.encode()) <= 2048


def test_a_citation_is_never_cut() -> None:
    sources = tuple(
        Source(document=str(n), title="云山县教育局2026年党建工作要点", locator=f"第{n}条第二款")
        for n in range(1, 120)
    )

    parts = RENDERER.words(Reply(text="依据如下。", sources=sources), None)

    shown = "\n".join(part["text"]["content"] for part in parts)
    assert len(parts) > 2
    for n, source in enumerate(sources, 1):
        assert f"[{n}] 《{source.title}》{source.locator}" in shown


@pytest.mark.parametrize("emoji", ["👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇨🇳", "👍🏽", "❤️", "1️⃣", "é"])
def test_an_emoji_is_never_cut(emoji: str) -> None:
    for offset in range(len(emoji.encode())):
        parts = texts("x" * offset + emoji * 200)
        shown = [part["text"]["content"].partition("）")[2] for part in parts]
        assert all(part.lstrip("x").replace(emoji, "") == "" for part in shown)


def test_quoted_markup_becomes_no_link() -> None:
    (content,) = texts('见 <a href="https://evil.example">这里</a> < A href=x>')

    assert not re.search(r"<\s*/?\s*a", content["text"]["content"], re.IGNORECASE)


@given(card=CARDS, account=st.sampled_from(["zhang", "li"]))
def test_any_card_stays_within_the_platform_s_numbers(card: Card, account: str) -> None:
    part = RENDERER.card(card, [account], None)
    said = RENDERER.words(Reply(card=card), None)

    if part is None:
        assert said
        return
    assert Part.decode(part.encode()) == part
    assert RENDERER.card(card, [account], None) == part
    shown = part.body.get("template_card")
    if not isinstance(shown, dict):
        return
    assert len(shown.get("horizontal_content_list", ())) <= 6
    assert len(shown.get("jump_list", ())) <= 3
    if "task_id" in shown:
        assert re.fullmatch(r"[0-9A-Za-z_\-@]{1,128}", shown["task_id"])
        assert cards.shows_key(shown["task_id"], card.key) == bool(card.key)


def test_a_card_for_another_person_or_question_has_another_task_id() -> None:
    card = Card(title="签收", key="occurrence:1", buttons=(Button(label="签收", command="/签收"),))
    asked = ReplyTo(message_id="m1")
    parts = [
        RENDERER.card(card, [account], reply_to)
        for account, reply_to in (("a", None), ("b", None), ("a", asked))
    ]

    ids = {json.loads(part.encode())["body"]["template_card"]["task_id"] for part in parts if part}
    assert len(ids) == 3


PRINTED = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40)


@given(st.tuples(PRINTED, PRINTED, PRINTED))
def test_what_a_reply_needs_survives_the_store(fields: tuple[str, str, str]) -> None:
    reply_to = ReplyTo(message_id=fields[0], task_id=fields[1], response_code=fields[2])

    assert ReplyTo.decode(reply_to.encode()) == reply_to


def test_a_retry_is_told_from_another_answer_in_the_same_words() -> None:
    content = {"msgtype": "text", "text": {"content": "x"}}

    pushed = RENDERER.message(content, ["a"], None)
    answers = [
        json.dumps(RENDERER.message(content, ["a"], ReplyTo(message_id=f"m{n}"))) for n in range(20)
    ]

    assert (pushed["enable_duplicate_check"], pushed["duplicate_check_interval"]) == (1, 14_400)
    assert len(set(answers)) > 15


ACTIONS = {
    Action.RETRY: [-1, 45033, 45035, 45036],
    Action.REFRESH: [40014, 42001, 41001],
    Action.BACK_OFF: [45009],
    Action.DROP: [40003, 40031, 46004, 50002, 60011, 60021, 92000, 60111, 81013],
    Action.UPLOAD: [40007, 40145],
    Action.SPLIT: [45001, 45002, 45007, 45008, 82002, 82003],
    Action.LOGIN: [40029, 42003, 42022],
    Action.RENEW: [60140, 42014, 42016, 42017, 42020],
    Action.RANGE: [830002],
    Action.SETUP: [
        *(40001, 40013, 40091, 40056, 301002, 43012, 48002, 48006, 48010),
        *(50001, 85005, 50003, 60020),
    ],
    Action.DISABLE: [93000, 93001, 93004, 93008],
    Action.REFUSE: [40004, 40008, 40035, 40058, 40063, 40074, 41011, 44004, 42031, 42052, 93017, 7],
}


@pytest.mark.parametrize(
    ("errcode", "action"), [(code, action) for action, codes in ACTIONS.items() for code in codes]
)
def test_every_errcode_has_its_action(errcode: int, action: Action) -> None:
    error = error_of(errcode, "message/send")

    assert rule_of(errcode).action is action
    waits = action in (Action.RETRY, Action.REFRESH, Action.BACK_OFF, Action.SETUP)
    assert isinstance(error, ChannelUnavailable if waits else ChannelRefused)


def test_a_limit_met_again_and_again_is_the_hour_s() -> None:
    waits = [error_of(45009, "x", limited_before=n) for n in (1, 2, 3)]

    assert [getattr(error, "retry_after_s", None) for error in waits] == [60, 60, 3600]


def test_secrets_are_not_shown() -> None:
    shown = repr(SETTINGS)

    assert not any(secret in shown for secret in ("s3cret-value", "T0kenValue", "k" * 43))


@pytest.mark.parametrize(
    "items",
    [
        [],
        [MenuItem(label="项", command="/x")] * 8,
        [MenuItem(label="名称太长的菜单", command="/x")],
        [MenuItem(label="", command="/x")],
        [MenuItem(label="项", command="/" + "x" * 128)],
    ],
)
def test_a_menu_that_does_not_fit_is_refused(items: list[MenuItem]) -> None:
    with pytest.raises(ConfigError):
        menu_of(items)
