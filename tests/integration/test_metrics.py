"""What whoever watches the machine is shown: figures that were counted, and reasons in Chinese."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.app import opened
from bot.assembled import App
from bot.config import StoreSettings
from bot.messages import ChannelName
from bot.server import build_site
from tests.fakes.waiting import until
from tests.fakes.wecom_callbacks import FakePlatform
from tests.scenario.drivers import on_the_page
from tests.scenario.town import living, settings, settle_in

SAMPLE = re.compile(r"(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>-?\d+(?:\.\d+)?)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
FAMILIES = {
    "yaodian_messages", "yaodian_inbox_lag_seconds", "yaodian_handling_seconds",
    "yaodian_deliveries", "yaodian_outbox_depth", "yaodian_outbox_lag_seconds",
    "yaodian_reminders", "yaodian_questions", "yaodian_answer_seconds", "yaodian_documents",
    "yaodian_callbacks", "yaodian_refusals", "yaodian_ready", "yaodian_disk_free_bytes",
    "yaodian_backup_timestamp_seconds",
}  # fmt: skip
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@asynccontextmanager
async def visiting(app: App) -> AsyncIterator[TestClient]:
    site = await asyncio.to_thread(build_site, app)
    async with TestClient(TestServer(site)) as client:
        yield client


async def scraped(client: TestClient) -> tuple[Samples, dict[str, str]]:
    """Samples by name and labels, and the types of the families; each line is one or the other."""
    async with client.get("/metrics") as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        text = await response.text()
    samples: Samples = {}
    types: dict[str, str] = {}
    helped: set[str] = set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            helped.add(line.split(" ", 3)[2])
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            types[name] = kind
        else:
            found = SAMPLE.fullmatch(line)
            assert found is not None, line
            key = found["name"], frozenset(LABEL.findall(found["labels"] or ""))
            assert key not in samples, f"twice: {line}"
            samples[key] = float(found["value"])
    assert helped == set(types)
    return samples, types


def of(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


async def test_what_happened_is_counted(tmp_path: Path) -> None:
    async with living(tmp_path) as app, visiting(app) as client:
        await settle_in(app)
        async with on_the_page(app, "祁远山") as teacher, on_the_page(app, "宋见微") as admin:
            for words in ("读书节几月举办", "读书节的经费是多少钱", "/日志"):
                await teacher.say(words)
                await teacher.heard()
            await admin.heard()
        now = int(time.time())
        sealed = FakePlatform(corp_id="other", agent_id=1).seal("<xml/>", now)
        forged = {**sealed.query, "msg_signature": "0" * 40}
        async with client.post("/wecom/app", params=forged, data=sealed.body) as response:
            assert response.status == 403

        async def is_settled() -> bool:
            found, _ = await scraped(client)
            return of(found, "yaodian_deliveries", channel="web", kind="reply", state="sent") == 3

        await until(is_settled)
        samples, types = await scraped(client)

    assert set(types) >= FAMILIES
    assert of(samples, "yaodian_messages", state="handled") == 3
    assert of(samples, "yaodian_handling_seconds_count") == 3
    assert of(samples, "yaodian_handling_seconds_sum") > 0
    assert of(samples, "yaodian_inbox_lag_seconds") == 0
    assert of(samples, "yaodian_deliveries", channel="web", kind="broadcast", state="sent") == 1
    assert of(samples, "yaodian_outbox_lag_seconds") == 0
    assert of(samples, "yaodian_questions", state="answered") == 1
    assert of(samples, "yaodian_questions", state="routed") == 1
    assert of(samples, "yaodian_refusals", why="not_allowed") == 1
    assert of(samples, "yaodian_callbacks", channel=ChannelName.WECOM_APP, kind="refused") == 1
    assert of(samples, "yaodian_ready", part="store") == 1
    assert of(samples, "yaodian_documents") == 1
    assert of(samples, "yaodian_disk_free_bytes") > 0

    bounds = [
        (float(dict(labels)["le"]), value)
        for (name, labels), value in samples.items()
        if name == "yaodian_answer_seconds_bucket"
    ]
    counts = [value for _, value in sorted(bounds)]
    assert counts == sorted(counts)
    assert counts[-1] == of(samples, "yaodian_answer_seconds_count") == 2
    assert types["yaodian_answer_seconds"] == "histogram"
    told = " ".join(value for _, labels in samples for _, value in labels)
    assert re.fullmatch(r"[\x20-\x7e]*", told), "nobody's name, nobody's words"


async def test_what_waits_is_seen_with_its_age(tmp_path: Path) -> None:
    """Nothing handles and nothing delivers here."""
    async with opened(settings(), tmp_path, is_demo=True) as app, visiting(app) as client:
        await settle_in(app)
        account = (await app.people.named("祁远山")).web_account
        body = {"id": uuid4().hex, "kind": "text", "text": "读书节几月举办"}
        async with client.post(f"/chat/messages?as={account}", json=body) as response:
            assert response.status == 202
        samples, _ = await scraped(client)
        async with client.get("/readyz") as response:
            state = await response.json()
            assert response.status == 503

    assert of(samples, "yaodian_messages", state="accepted") == 1
    assert of(samples, "yaodian_inbox_lag_seconds") > 0
    assert of(samples, "yaodian_ready", part="loops") == 0
    assert state["ready"] is False
    assert "没有在运行" in state["loops"]["detail"]
    assert state["store"]["ready"] is True


async def test_a_full_disk_is_said_and_takes_nobody_out_of_service(tmp_path: Path) -> None:
    short = settings().model_copy(update={"store": StoreSettings(least_free_mb=2**40)})
    async with opened(short, tmp_path) as app, app.running(), visiting(app) as client:
        async with client.get("/readyz") as response:
            state = await response.json()
            assert response.status == 200
        assert "快满了，请清理" in state["disk"]["detail"]
        assert "每天 02:30，留 7 份；还没有做过" in state["backup"]["detail"]


@pytest.mark.needs("postgresql")
async def test_a_lost_database_is_a_reason_not_an_error(
    tmp_path: Path, postgresql_url: str, postgresql_server: str
) -> None:
    lost = settings(postgresql_url)
    async with opened(lost, tmp_path) as app, visiting(app) as client:
        connection = await asyncpg.connect(postgresql_server)
        name = postgresql_url.rpartition("/")[2].partition("?")[0]
        await connection.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        try:
            async with client.get("/readyz") as response:
                state = await response.json()
                assert response.status == 503
        finally:
            await connection.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
            await connection.close()

    assert state["store"]["ready"] is False
    assert "数据库不答复，请看看磁盘和数据库服务" in state["store"]["detail"]
