"""The whole configuration, read once: ``yaodian.toml``, overlaid by ``YAODIAN__SECTION__KEY``.

Unknown keys and bad values stop the start, with the file, the key and a sentence in Chinese.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from bot.config_errors import bad_json, explain, unknown_variables
from bot.errors import ConfigError

ENV_PREFIX = "YAODIAN__"


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("要写完整网址，以 http:// 或 https:// 开头")
    return text.rstrip("/")


def _socket_address(text: str) -> str:
    if not text.startswith(("ws://", "wss://")):
        raise ValueError("要写完整地址，以 ws:// 或 wss:// 开头")
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("没有这个时区，一般写 Asia/Shanghai") from error
    return text


def _account(text: str) -> str:
    platform, _, account = text.partition(":")
    if platform not in {"wecom", "dingtalk", "web"} or not account:
        raise ValueError("要写成 平台:账号，例如 wecom:zhangsan、dingtalk:manager01")
    return text


def _database(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("要写 postgresql://用户:密码@主机/库名；不写就用数据文件夹里的 SQLite")
    return text


def _embedding(text: str) -> str:
    kind, _, name = text.partition(":")
    if text in {"bundled", "none"} or (kind in {"sentence-transformers", "openai"} and name):
        return text
    raise ValueError("可以写 bundled、none、sentence-transformers:模型或文件夹、openai:模型")


WebAddress = Annotated[str, AfterValidator(_web_address)]
SocketAddress = Annotated[str, AfterValidator(_socket_address)]


class Section(BaseModel):
    """A table of the file. A secret ``x`` may be given as ``x_file``: a path to a file with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, values: object) -> object:
        if not isinstance(values, Mapping):
            return values
        read = dict(values)
        for key in [key for key in read if isinstance(key, str) and key.endswith("_file")]:
            name = key.removesuffix("_file")
            declared = cls.model_fields.get(name)
            if declared is None or not _is_secret(declared.annotation):
                continue
            path = Path(str(read.pop(key))).expanduser()
            try:
                read[name] = path.read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"{key} 指的文件 {path} 读不到，请检查路径和权限") from error
        return read


def _is_secret(annotation: object) -> bool:
    return annotation is SecretStr or SecretStr in get_args(annotation)


class BotSettings(Section):
    """``[bot]``: where it listens, who runs it."""

    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)
    public_url: WebAddress | None = None
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    admins: tuple[Annotated[str, AfterValidator(_account)], ...] = ()
    web_channel: bool = False


class StoreSettings(Section):
    """``[store]``: absent url means SQLite in the data folder."""

    url: Annotated[str, AfterValidator(_database)] | None = None
    backup_folder: Path | None = None
    """For the nightly backups; absent: ``backups`` in the data folder."""
    backups_kept: int = Field(default=7, ge=0, le=1000)
    """0: none are made."""
    backup_at: time = time(2, 30)
    least_free_mb: int = Field(default=1024, ge=0)
    """The admins are warned when the disk has less."""


class KnowledgeSettings(Section):
    """``[knowledge]``: how documents are found."""

    embedding: Annotated[str, AfterValidator(_embedding)] = "bundled"
    base_url: WebAddress | None = None
    api_key: SecretStr | None = None
    minimum_confidence: float | None = Field(default=None, ge=0, le=1)
    """Share of the question an answer has to cover; absent: as calibrated."""
    file_limit_mb: int = Field(default=50, ge=1, le=2000)


class ModelSettings(Section):
    """``[model]``: the language model; without a name answers are quoted."""

    name: str | None = None
    base_url: WebAddress | None = None
    api_key: SecretStr | None = None
    timeout_s: float = Field(default=20.0, gt=0, le=600)
    """Of one answer; half as long without a word ends it, too."""
    at_once: int = Field(default=4, ge=1, le=100)
    person_tokens: int | None = Field(default=60_000, ge=1000)
    """Most per calendar day, as the next two."""
    unit_tokens: int | None = Field(default=600_000, ge=1000)
    day_tokens: int | None = Field(default=3_000_000, ge=1000)
    prompt_price: float = Field(default=0.0, ge=0)
    """Yuan per million tokens."""
    completion_price: float = Field(default=0.0, ge=0)
    makes_whole: bool = True
    """Also ask the model what a follow-up means that was not understood."""
    reads_records: bool = False
    """Also send what somebody reports in a sentence that the reader of records cannot read."""
    logs_words: bool = False
    """Write what is sent into the log; else only sizes and hashes."""


class MenuItemSettings(Section):
    """One entry of the app's menu; a tap sends ``command``."""

    label: str = Field(min_length=1)
    command: str = Field(min_length=1)


class WeComAppSettings(Section):
    """``[wecom.app]``: the self-built app (自建应用)."""

    corp_id: str
    agent_id: int
    secret: SecretStr
    token: SecretStr | None = None
    aes_key: SecretStr | None = None
    api_base: WebAddress = "https://qyapi.weixin.qq.com"
    menu: tuple[MenuItemSettings, ...] = Field(default=(), max_length=7)
    """Absent: 问一问, 我的任务, 签到, 帮助."""
    account_cap: int | None = Field(default=None, ge=1)
    """账号上限; 200 recipients a day for each. Absent: as many as the platform takes."""

    @model_validator(mode="after")
    def _has_both_or_neither(self) -> WeComAppSettings:
        if (self.token is None) != (self.aes_key is None):
            raise ValueError("token 和 aes_key 要一起填写；只发通知时两项都不填")
        return self


class WeComAiBotSettings(Section):
    """``[wecom.aibot]``: the AI bot (智能机器人)."""

    mode: Literal["websocket", "callback"] = "websocket"
    bot_id: str | None = None
    secret: SecretStr | None = None
    ws_url: SocketAddress = "wss://openws.work.weixin.qq.com"
    token: SecretStr | None = None
    aes_key: SecretStr | None = None
    api_base: WebAddress = "https://qyapi.weixin.qq.com"
    bot_name: str = ""
    """As people mention it in groups."""

    @model_validator(mode="after")
    def _has_what_its_mode_needs(self) -> WeComAiBotSettings:
        if self.mode == "websocket" and not (self.bot_id and self.secret):
            raise ValueError("长连接方式要填 bot_id 和 secret")
        if self.mode == "callback" and not (self.token and self.aes_key):
            raise ValueError("回调方式要填 token 和 aes_key")
        return self


class WeComWebhookSettings(Section):
    """``[[wecom.webhook]]``: a group's message webhook."""

    name: str
    key: SecretStr
    api_base: WebAddress = "https://qyapi.weixin.qq.com"


class WeComSettings(Section):
    """``[wecom]``."""

    app: WeComAppSettings | None = None
    aibot: WeComAiBotSettings | None = None
    webhook: tuple[WeComWebhookSettings, ...] = ()

    @model_validator(mode="after")
    def _tells_webhooks_apart(self) -> WeComSettings:
        if len({hook.name for hook in self.webhook}) < len(self.webhook):
            raise ValueError("每个 [[wecom.webhook]] 的 name 要不一样")
        return self


class DingTalkAppSettings(Section):
    """``[dingtalk.app]``: the internal app with its robot."""

    client_id: str
    client_secret: SecretStr
    robot_code: str | None = None
    mode: Literal["stream", "http"] = "stream"
    api_base: WebAddress = "https://api.dingtalk.com"
    oapi_base: WebAddress = "https://oapi.dingtalk.com"
    agent_id: int | None = None
    event_token: SecretStr | None = None
    event_aes_key: SecretStr | None = None
    card_templates: dict[str, str] = Field(default_factory=dict)
    """``buttons`` and ``stream`` are templates' ids; all else another name for a variable."""
    every_replica_connects: bool = False
    """Several stream connections, in place of one for all replicas."""
    todo: bool = False
    """Tasks are also shown in people's 待办."""
    monthly_calls: int = Field(default=5_000, ge=0)
    """Of the edition; 0: not limited. The same for the next."""
    monthly_inbound: int = Field(default=3_000, ge=0)


class DingTalkWebhookSettings(Section):
    """``[[dingtalk.webhook]]``: a group's custom robot."""

    name: str
    access_token: SecretStr
    secret: SecretStr | None = None
    keyword: str = ""
    api_base: WebAddress = "https://oapi.dingtalk.com"


class DingTalkSettings(Section):
    """``[dingtalk]``."""

    app: DingTalkAppSettings | None = None
    webhook: tuple[DingTalkWebhookSettings, ...] = ()

    @model_validator(mode="after")
    def _tells_webhooks_apart(self) -> DingTalkSettings:
        if len({hook.name for hook in self.webhook}) < len(self.webhook):
            raise ValueError("每个 [[dingtalk.webhook]] 的 name 要不一样")
        return self


class TermSettings(Section):
    """One school term, both days included."""

    name: str
    starts_on: date
    ends_on: date

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> TermSettings:
        if self.ends_on <= self.starts_on:
            raise ValueError("学期的 ends_on 要晚于 starts_on")
        return self


class UnitCalendarSettings(Section):
    """``[[calendar.units]]``: days and quiet hours of a unit and of those below it."""

    name: str
    extra_holidays: tuple[date, ...] = ()
    extra_workdays: tuple[date, ...] = ()
    quiet_hours: tuple[time, time] | None = None


class CalendarSettings(Section):
    """``[calendar]``: terms, extra days, hours."""

    terms: tuple[TermSettings, ...] = ()
    extra_holidays: tuple[date, ...] = ()
    extra_workdays: tuple[date, ...] = ()
    quiet_hours: tuple[time, time] = (time(21, 30), time(7, 0))
    work_hours: tuple[time, time] = (time(8, 0), time(17, 30))
    units: tuple[UnitCalendarSettings, ...] = ()


class TopicSettings(Section):
    """Questions with one of ``words`` go to ``to``: ``member:姓名``, ``unit:名称``."""

    words: tuple[str, ...] = Field(min_length=1)
    to: str


class RoutingSettings(Section):
    """``[routing]``: who gets a question nobody could answer."""

    topics: tuple[TopicSettings, ...] = ()
    units: dict[str, str] = Field(default_factory=dict)
    default: str | None = None
    unsure_below: float = Field(default=0.4, ge=0, le=1)
    """Answers that are less certain are given, and shown to a person, too; 0: none is."""


class ReportsSettings(Section):
    """``[reports]``. ``ranking``: whether units and members are shown in an order of merit."""

    ranking: bool = False


class EscalationSettings(Section):
    """After ``days_late`` working days ``to`` is told (a role or ``member:姓名``)."""

    days_late: int = Field(ge=1, le=365)
    to: str


class Settings(BaseSettings):
    """Everything; see :func:`load_settings`."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        case_sensitive=False,
    )

    bot: BotSettings = BotSettings()
    store: StoreSettings = StoreSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    model: ModelSettings = ModelSettings()
    wecom: WeComSettings = WeComSettings()
    dingtalk: DingTalkSettings = DingTalkSettings()
    calendar: CalendarSettings = CalendarSettings()
    routing: RoutingSettings = RoutingSettings()
    points: dict[str, float] = Field(default_factory=dict)
    retention: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    escalation: tuple[EscalationSettings, ...] = ()
    reports: ReportsSettings = ReportsSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over ``init``, which is the file: see :func:`load_settings`."""
        return env_settings, init_settings

    def secrets(self) -> Iterator[str]:
        """Every secret value, for the log filter."""
        yield from _secrets_in(self)


def _secrets_in(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets_in(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from _secrets_in(item)


def load_settings(path: Path | None) -> Settings:
    """Read ``path`` (absent: defaults) and the environment.

    Raises:
        ConfigError: The file cannot be read, or a key or value is not understood; the reply
            has one line per problem: where, which key, what to write instead.
    """
    values: dict[str, object] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise ConfigError(
                f"cannot read {path}: {error.strerror}", reply=f"配置文件 {path} 读不到。"
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"cannot parse {path}",
                reply=f"配置文件 {path} 的写法不对（{error}）。请检查引号、方括号，并存为 UTF-8。",
            ) from error
    source = str(path) if path is not None else "yaodian.toml"
    if strange := unknown_variables(os.environ, ENV_PREFIX, tuple(Settings.model_fields)):
        raise ConfigError("unknown environment variables", reply="\n".join(strange))
    try:
        return Settings(**values)  # type: ignore[arg-type]  # checked by pydantic, not by mypy
    except ValidationError as error:
        problems = explain(error, source=source, environ=os.environ, prefix=ENV_PREFIX, of=Settings)
        raise ConfigError(
            f"{error.error_count()} bad settings", reply="\n".join(problems)
        ) from None
    except SettingsError as error:
        raise ConfigError(
            "bad JSON in the environment", reply="\n".join(bad_json(os.environ, ENV_PREFIX))
        ) from error
