"""The part of the command table that is about points, indicators, proof and erasing."""

from __future__ import annotations

from dataclasses import dataclass

from bot.messages import Role
from bot.routing import Router
from handlers.records.erasing_dialogue import ErasingDialogue
from handlers.reports.indicator_dialogue import IndicatorsDialogue, is_workbook
from handlers.reports.points_dialogue import PointsDialogue
from handlers.reports.proof_dialogue import ProofDialogue

_SEES = frozenset(
    {
        Role.ADMIN,
        Role.OFFICER,
        Role.SECRETARY,
        Role.BRANCH_SECRETARY,
        Role.GUIDANCE,
        Role.DISCIPLINE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRoutes:
    """Built once, in ``bot.app``."""

    indicators: IndicatorsDialogue
    points: PointsDialogue
    proofs: ProofDialogue
    erasing: ErasingDialogue

    def add_files_to(self, router: Router) -> None:
        """Before those who take any sheet: a sheet of indicators says by its header what it is."""
        router.phrase(is_workbook, to=self.indicators.file, is_fast=False)

    def add_to(self, router: Router) -> None:
        """Commands."""
        router.command(
            "积分", "points", to=self.points.command,
            help="自己的积分和每一笔；管单位的可以看单位的", example="/积分 今年",
        )  # fmt: skip
        router.command(
            "指标", "indicators", to=self.indicators.command, needs=_SEES,
            help="考核指标的得分、还缺哪些；评分、导出、对比；导入请直接发指标表",
            example="/指标 云溪县第二中学",
        )  # fmt: skip
        router.command(
            "佐证", "proof", to=self.proofs.command, needs=_SEES,
            help="一项任务或指标的佐证材料，打成一个压缩包", example="/佐证 任务 12",
        )  # fmt: skip
        router.command(
            "注销", "erase", to=self.erasing.command, needs=Role.ADMIN,
            help="应本人要求，把一个人的姓名、账号、消息删掉，统计不变；先复述，确认才办",
            example="/注销 张三",
        )  # fmt: skip
