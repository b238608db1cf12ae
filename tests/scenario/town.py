"""An invented town: its people and its documents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app import opened
from bot.assembled import App
from bot.config import BotSettings, KnowledgeSettings, ModelSettings, Settings, StoreSettings
from handlers.people.actions import operator
from tests.scenario import surface

ROSTER = """姓名,单位,角色
宋见微,云溪县教育局,管理员
祁远山,云溪县教育局/云溪县第二中学,教师
白映雪,云溪县教育局/云溪县实验小学,教师
"""

READING = """云溪县教育局2026年校园阅读工作方案

一、总体要求
以阅读涵养品格，让书香浸润校园。

二、重点任务
（一）建好班级图书角。每个班级设一处图书角，藏书不少于80册，每学期更新一次。
（二）办好校园读书节。每年4月举办读书节，由各校教导处负责组织。
（三）开展教师共读。教研组每月组织一次教师共读，并做好记录。

三、保障措施
（一）加强领导。各校成立阅读工作小组，校长任组长。
"""

KITCHEN = """云溪县第二中学食堂陪餐制度

第一条 学校负责人每周至少陪餐两次。
第二条 陪餐人员应当做好陪餐记录，记录保存一年。
"""


def settings(
    database: str | None = None,
    platforms: surface.Platforms | None = None,
    model: ModelSettings | None = None,
) -> Settings:
    """Words alone: fast, and the same everywhere."""
    platforms = platforms or surface.Platforms()
    return Settings(
        bot=BotSettings(public_url=platforms.public_url),
        store=StoreSettings(url=database),
        knowledge=KnowledgeSettings(embedding="none"),
        wecom=platforms.wecom,
        dingtalk=platforms.dingtalk,
        model=model or ModelSettings(),
    )


@asynccontextmanager
async def living(
    folder: Path, database: str | None = None, model: ModelSettings | None = None
) -> AsyncIterator[App]:
    """The application over ``folder``, with everything running."""
    async with (
        surface.platform() as platforms,
        opened(settings(database, platforms, model), folder, is_demo=True) as app,
        app.running(),
    ):
        yield app


async def settle_in(app: App) -> None:
    """Bring in the people and the first document."""
    await app.people.import_roster(operator(), "花名册.csv", ROSTER.encode())
    await app.documents.add(operator(), "阅读方案.txt", READING.encode())
