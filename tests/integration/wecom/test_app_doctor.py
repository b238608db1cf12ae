from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channels.finding import Finding
from bot.channels.wecom.doctor import check_app
from tests.integration.wecom.wecom_app_stage import Stage, stage


async def findings(wecom: Stage, **changed: str) -> list[Finding]:
    settings = replace(wecom.app.settings, **changed)  # type: ignore[arg-type]
    return await check_app(settings, wecom.session, clock=wecom.clock)


def only_fault(found: list[Finding]) -> Finding:
    (fault,) = [finding for finding in found if not finding.ok]
    return fault


async def test_all_is_well() -> None:
    async with stage() as wecom:
        wecom.fake.departments = [{"id": 2, "name": "云山中心小学", "parentid": 1, "order": 1}]

        found = await findings(wecom)

        assert [finding.advice for finding in found if not finding.ok] == []
        assert any("1 个部门" in finding.title for finding in found)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"secret": "mistyped"}, "Secret"),
        ({"corp_id": "wwother"}, "企业 ID"),
        ({"aes_key": "short"}, "43 位"),
        ({"token": "a b"}, "Token"),
        ({"token": ""}, "一起填写"),
        ({"api_base": "http://127.0.0.1:9"}, "连不上"),
    ],
)
async def test_each_mistake_is_explained(changed: dict[str, str], word: str) -> None:
    async with stage() as wecom:
        wecom.fake.departments = [{"id": 2, "name": "云山中心小学", "parentid": 1, "order": 1}]

        assert word in only_fault(await findings(wecom, **changed)).advice


async def test_an_untrusted_address_is_told_from_an_empty_scope() -> None:
    async with stage() as wecom:
        assert "可见范围" in only_fault(await findings(wecom)).advice
        wecom.fake.is_trusted = False
        assert "企业可信IP" in only_fault(await findings(wecom)).advice


async def test_a_clock_that_is_off_is_told() -> None:
    async with stage() as wecom:
        wecom.fake.departments = [{"id": 2, "name": "云山中心小学", "parentid": 1, "order": 1}]
        wecom.fake.ahead = timedelta(seconds=400)

        assert "自动对时" in only_fault(await findings(wecom)).advice


async def test_the_public_address_is_called_as_the_console_would() -> None:
    async with stage() as wecom:
        wecom.fake.departments = [{"id": 2, "name": "云山中心小学", "parentid": 1, "order": 1}]
        elsewhere = wecom.app.settings.api_base

        ours = wecom.address.removesuffix("/wecom/app")

        found = await check_app(wecom.app.settings, wecom.session, ours, wecom.clock)
        assert all(finding.ok for finding in found)
        found = await check_app(wecom.app.settings, wecom.session, elsewhere, wecom.clock)
        assert "反向代理" in only_fault(found).advice
