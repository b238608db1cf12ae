"""The command line as other people's scripts meet it: in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.scenario.town import KITCHEN, READING, ROSTER

CONFIG = '[bot]\nport = 0\n[knowledge]\nembedding = "none"\n'


class Shell:
    """Runs ``yaodian`` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "yaodian.toml").write_text(CONFIG, "utf-8")
        root = str(Path(__file__).parents[3])
        clean = {k: v for k, v in os.environ.items() if not k.startswith("YAODIAN")}
        self.environment = clean | {"PYTHONPATH": root, "PYTHONUNBUFFERED": "1"}

    def run(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bot", *words],
            cwd=self.folder, env=self.environment, input=typed,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def json(self, *words: str) -> object:
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def serve(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bot", "serve", *words],
            cwd=self.folder, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "阅读方案.txt").write_text(READING, "utf-8")
    (tmp_path / "陪餐.txt").write_text(KITCHEN, "utf-8")
    (tmp_path / "花名册.csv").write_text(ROSTER, "utf-8")
    return Shell(tmp_path)


@pytest.fixture
def server(shell: Shell) -> Iterator[subprocess.Popen[str]]:
    process = shell.serve()
    assert process.stdout is not None
    assert "http://" in process.stdout.readline()
    yield process
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_help_is_quick_and_knows_every_command(shell: Shell) -> None:
    started = time.perf_counter()
    done = shell.run("--help")

    assert time.perf_counter() - started < 1.0
    for command in ("serve", "chat", "ask", "documents", "roster", "when", "evaluate", "doctor"):
        assert command in done.stdout


def test_a_folder_is_added_file_by_file(shell: Shell) -> None:
    folder = shell.folder / "文件"
    folder.mkdir()
    (folder / "一.txt").write_text(READING, "utf-8")
    (folder / "坏.docx").write_bytes(b"PK\x03\x04 broken")
    (folder / "空.txt").write_text("", "utf-8")
    done = shell.run("documents", "add", str(folder), "--json")
    results = {one["file"]: one for one in json.loads(done.stdout)}

    assert done.returncode == 1
    assert results["一.txt"]["outcome"] == "added"
    for bad in ("坏.docx", "空.txt"):
        assert results[bad]["outcome"] == "unreadable"
        assert results[bad]["reason"].endswith("。")
    again = json.loads(shell.run("documents", "add", str(folder / "一.txt"), "--json").stdout)
    assert again[0]["outcome"] == "unchanged"


def test_the_contract_of_ask_and_show(shell: Shell) -> None:
    assert shell.run("documents", "add", "阅读方案.txt").returncode == 0
    answer = shell.json("ask", "读书节几月举办")
    assert isinstance(answer, dict)
    assert list(answer) == [
        "answered", "answer", "citations", "cautions", "routed_to", "elapsed_ms",
    ]  # fmt: skip
    shown = shell.json("documents", "show", "阅读方案.txt")
    assert isinstance(shown, dict)
    (citation,) = answer["citations"]
    assert (citation["file"], citation["locator"]) == ("阅读方案.txt", "二、（二）")
    assert citation["quote"] in shown["text"]
    assert {"id", "file", "title", "title_derived", "issuer", "issued_on", "document_number",
            "index_number", "year", "status", "cautions", "outline", "text",
            "passages"} <= set(shown)  # fmt: skip
    assert shown["outline"][0] == {"locator": "一、", "heading": "总体要求", "level": 1}
    assert all(set(one) == {"id", "locator", "text"} for one in shown["passages"])
    assert "\\u" not in shell.run("ask", "读书节几月举办", "--json").stdout


def test_a_batch_answers_line_by_line(shell: Shell) -> None:
    shell.run("documents", "add", "阅读方案.txt")
    lines = [
        {"id": "a", "question": "读书节几月举办"},
        {"id": "b", "question": "由谁负责", "previous": [{"user": "读书节几月举办", "bot": "4月"}]},
    ]
    typed = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    (shell.folder / "问.jsonl").write_text(typed, "utf-8")
    done = shell.run("ask", "--batch", "问.jsonl")
    answers = [json.loads(line) for line in done.stdout.splitlines()]

    assert [one["id"] for one in answers] == ["a", "b"]
    assert "4月" in answers[0]["answer"]
    assert "教导处" in answers[1]["answer"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("ask",), 2, "请写一个问题"),
        (("documents", "show", "没有的"), 2, "没有找到这份文件"),
        (("documents", "add", "没有.txt"), 1, "打不开"),
        (("ask", "--batch", "没有.jsonl"), 2, "读不了"),
        (("roster", "import", "阅读方案.txt"), 2, ".xlsx 或 .csv"),
        (("ask", "问", "--config", "没有.toml"), 2, "读不到"),
        (("serve", "--nonsense"), 2, "No such option"),
    ],
)
def test_mistakes_have_a_sentence_and_a_code(
    shell: Shell, words: Sequence[str], code: int, said: str
) -> None:
    done = shell.run(*words)

    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_running_server_takes_the_work_and_knows_at_once(
    shell: Shell, server: subprocess.Popen[str]
) -> None:
    assert shell.run("documents", "add", "阅读方案.txt", "陪餐.txt").returncode == 0
    assert (shell.folder / "data" / "control.sock").stat().st_mode & 0o777 == 0o600
    answer = shell.json("ask", "陪餐记录保存多久")
    assert isinstance(answer, dict)
    assert "一年" in answer["answer"]
    listed = shell.json("documents", "list")
    assert isinstance(listed, list)
    assert len(listed) == 2

    shell.run("roster", "import", "花名册.csv")
    talk = shell.run("chat", "--as", "祁远山", typed="读书节几月举办\n")
    assert "4月" in talk.stdout


def test_a_second_server_is_told_to_wait(shell: Shell, server: subprocess.Popen[str]) -> None:
    process = shell.serve()
    _, said = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "正被另一个要点程序使用" in said


def test_the_demo_stays_on_this_machine(shell: Shell) -> None:
    (shell.folder / "yaodian.toml").write_text('[bot]\nhost = "0.0.0.0"\nport = 0\n', "utf-8")
    process = shell.serve("--demo")
    _, said = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "只能在本机用" in said


def test_retire_and_remove(shell: Shell) -> None:
    shell.run("documents", "add", "阅读方案.txt")
    (shell.folder / "阅读方案.txt").write_text(READING.replace("80册", "120册"), "utf-8")
    shell.run("documents", "add", "阅读方案.txt", "陪餐.txt")
    assert "120册" in shell.run("ask", "图书角藏书不少于多少册").stdout

    shell.run("documents", "remove", "阅读方案.txt")
    assert "80册" in shell.run("ask", "图书角藏书不少于多少册").stdout
    assert shell.run("documents", "retire", "陪餐.txt").returncode == 0
    listed = shell.json("documents", "list", "--all")
    assert isinstance(listed, list)
    assert {one["file"]: one["status"] for one in listed} == {
        "阅读方案.txt": "in_force",
        "陪餐.txt": "retired",
    }


def test_doctor_speaks_chinese(shell: Shell) -> None:
    done = shell.run("doctor")

    assert done.returncode == 0
    assert "磁盘剩余" in done.stdout
    assert shell.run("doctor", "wecom").returncode == 1


def test_when_reads_times(shell: Shell) -> None:
    reading = shell.json("when", "每周三下午三点", "--now", "2026-03-02T09:00", "--count", "2")

    assert isinstance(reading, dict)
    assert reading["kind"] == "recurrence"
    assert reading["first"] == ["2026-03-04T15:00:00+08:00", "2026-03-11T15:00:00+08:00"]
