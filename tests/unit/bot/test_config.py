from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import load_settings
from bot.errors import ConfigError


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.upper().startswith("YAODIAN__"):
            monkeypatch.delenv(name)


def file_with(folder: Path, text: str) -> Path:
    path = folder / "yaodian.toml"
    path.write_text(text, "utf-8")
    return path


def complaint(path: Path | None) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    return caught.value.reply


def test_nothing_configured_is_a_whole_configuration() -> None:
    settings = load_settings(None)

    assert (settings.bot.host, settings.bot.port) == ("127.0.0.1", 8765)
    assert settings.bot.timezone == "Asia/Shanghai"
    assert settings.knowledge.embedding == "bundled"
    assert settings.wecom.app is None
    assert settings.calendar.quiet_hours == (time(21, 30), time(7, 0))


def test_every_section_of_the_design_is_read(tmp_path: Path) -> None:
    path = file_with(
        tmp_path,
        """
        [bot]
        public_url = "https://bot.example.cn/"
        admins = ["wecom:zhangsan"]
        [store]
        url = "postgresql://localhost/yaodian"
        [knowledge]
        embedding = "sentence-transformers:/models/small"
        [model]
        name = "openai:deepseek-chat"
        [wecom.app]
        corp_id = "c"
        agent_id = 1000002
        secret = "s3cret-value"
        [wecom.aibot]
        bot_id = "b"
        secret = "another-secret"
        [[wecom.webhook]]
        name = "教务群"
        key = "k"
        [dingtalk.app]
        client_id = "d"
        client_secret = "x"
        [[dingtalk.webhook]]
        name = "g"
        access_token = "t"
        [calendar]
        terms = [{name = "春", starts_on = "2026-03-02", ends_on = "2026-07-10"}]
        extra_holidays = [2026-04-30]
        [routing]
        default = "member:李老师"
        topics = [{words = ["党费"], to = "unit:组织科"}]
        [points]
        theme_day = 2
        [retention]
        check_in = 1095
        [[escalation]]
        days_late = 3
        to = "secretary"
        """,
    )
    settings = load_settings(path)

    assert settings.bot.public_url == "https://bot.example.cn"
    assert settings.calendar.terms[0].starts_on == date(2026, 3, 2)
    assert settings.calendar.extra_holidays == (date(2026, 4, 30),)
    assert settings.wecom.webhook[0].name == "教务群"
    assert settings.points == {"theme_day": 2.0}
    assert {"s3cret-value", "another-secret"} <= set(settings.secrets())
    assert "s3cret-value" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[bot]\nprot = 1", "bot.prot：没有这一项，是不是想写 port"),
        ("[bott]\nport = 1", "bott：没有这一项，是不是想写 bot"),
        ("[bot]\nport = 70000", "bot.port：不能大于 65535"),
        ('[bot]\nport = "eighty"', "bot.port：要写整数"),
        ('[bot]\nadmins = ["zhangsan"]', "bot.admins[第 1 项]：要写成 平台:账号"),
        ('[bot]\ntimezone = "Mars/Base"', "bot.timezone：没有这个时区"),
        ('[bot]\npublic_url = "bot.cn"', "bot.public_url：要写完整网址"),
        ('[store]\nurl = "mysql://x"', "store.url：要写 postgresql://"),
        ('[knowledge]\nembedding = "bge"', "knowledge.embedding：可以写 bundled"),
        ('[wecom.app]\ncorp_id = "c"', "wecom.app.secret：这一项必须填写"),
        ('[wecom.aibot]\nmode = "callback"', "wecom.aibot：回调方式要填"),
        ('[dingtalk.app]\nclient_id="a"\nclient_secret="b"\nmode="push"', "只能写"),
        ('[calendar]\nquiet_hours = ["21:30"]', "calendar.quiet_hours[第 2 项]：这一项必须填写"),
        ("[retention]\ncheck_in = 0", "retention.check_in：不能小于 1"),
        ("[bot\nport = 1", "写法不对"),
    ],
)
def test_a_mistake_names_file_key_and_remedy(tmp_path: Path, text: str, words: str) -> None:
    reply = complaint(file_with(tmp_path, text))

    assert words in reply
    assert "yaodian.toml" in reply


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    assert len(complaint(file_with(tmp_path, "[bot]\nport = -1\nx = 1\ny = 2")).splitlines()) == 3


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_with(tmp_path, '[bot]\nport = 1000\nhost = "10.0.0.1"')
    monkeypatch.setenv("YAODIAN__BOT__PORT", "2000")
    monkeypatch.setenv("YAODIAN__BOT__ADMINS", '["dingtalk:m1"]')
    monkeypatch.setenv("YAODIAN__WECOM__WEBHOOK", '[{"name": "群", "key": "k"}]')
    settings = load_settings(path)

    assert (settings.bot.port, settings.bot.host) == (2000, "10.0.0.1")
    assert settings.bot.admins == ("dingtalk:m1",)
    assert settings.wecom.webhook[0].key.get_secret_value() == "k"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("YAODIAN__BOT__PORTS", "1", "环境变量 YAODIAN__BOT__PORTS：没有这一项"),
        ("YAODIAN__BOOT__PORT", "1", "环境变量 YAODIAN__BOOT__PORT：没有这一节，是不是想写 bot"),
        ("YAODIAN__BOT__PORT", "x", "环境变量 YAODIAN__BOT__PORT：要写整数"),
        ("YAODIAN__BOT__ADMINS", '["wecom:a"', "环境变量 YAODIAN__BOT__ADMINS：列表和表"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)

    assert words in complaint(None)


def test_a_secret_may_stand_in_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("from-a-file\n", "utf-8")
    monkeypatch.setenv("YAODIAN__MODEL__API_KEY_FILE", str(tmp_path / "key"))
    secret = load_settings(None).model.api_key

    assert secret is not None
    assert secret.get_secret_value() == "from-a-file"


def test_a_secret_file_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    reply = complaint(file_with(tmp_path, '[model]\napi_key_file = "/nowhere/key"'))

    assert "api_key_file 指的文件 /nowhere/key 读不到" in reply


def test_a_bad_value_is_never_repeated(tmp_path: Path) -> None:
    path = file_with(
        tmp_path, "[wecom.app]\ncorp_id='c'\nagent_id='hush-hush'\nsecret=['hush-hush']"
    )

    assert "hush-hush" not in complaint(path)


@given(st.text(max_size=200))
def test_any_text_is_a_configuration_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(text, "utf-8", newline="")
    try:
        load_settings(path)
    except ConfigError as error:
        assert str(path) in error.reply
