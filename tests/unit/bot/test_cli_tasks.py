"""``yaodian tasks`` as other people's scripts meet it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.bot.test_cli import Shell
from tests.unit.knowledge.plan_samples import UNION_PLAN, sheet_xlsx

KEYS = {
    "title", "quote", "locator", "responsible", "kind", "rrule", "due_on", "basis",
    "evidence_types",
}  # fmt: skip


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "要点.txt").write_text(UNION_PLAN, "utf-8")
    later = UNION_PLAN.replace("2026", "2027").replace("“职工之家”15个", "“职工之家”18个")
    (tmp_path / "新要点.txt").write_text(later, "utf-8")
    (tmp_path / "分解表.xlsx").write_bytes(sheet_xlsx())
    return Shell(tmp_path)


def test_a_file_is_drafted_without_being_added(shell: Shell) -> None:
    drafts = shell.json("tasks", "draft", "分解表.xlsx")

    assert isinstance(drafts, list)
    assert len(drafts) == 4
    assert all(set(draft) == KEYS for draft in drafts)
    assert drafts[0]["due_on"] == "2026-08-25"
    assert shell.json("documents", "list") == []


def test_a_document_in_the_store_is_drafted_by_its_name(shell: Shell) -> None:
    assert shell.run("documents", "add", "要点.txt").returncode == 0

    by_name = shell.run("tasks", "draft", "芦川市总工会2026年教职工服务工作要点")

    assert by_name.returncode == 0, by_name.stderr
    assert "责任：各基层工会" in by_name.stdout
    assert "周期：每 6 个月" in by_name.stdout
    assert "FREQ" not in by_name.stdout


def test_two_plans_are_compared(shell: Shell) -> None:
    found = shell.json("tasks", "diff", "要点.txt", "新要点.txt")

    assert isinstance(found, dict)
    assert (found["added"], found["removed"]) == ([], [])
    assert [one["what"] for one in found["changed"]] == [["quantity"]]
    assert found["same"] > 10
    assert "变了（数量）" in shell.run("tasks", "diff", "要点.txt", "新要点.txt").stdout


def test_a_document_nobody_has_is_said_to_be_missing(shell: Shell) -> None:
    done = shell.run("tasks", "draft", "没有这份文件")

    assert done.returncode == 2
    assert "没有找到" in done.stderr
    assert "Traceback" not in done.stderr
