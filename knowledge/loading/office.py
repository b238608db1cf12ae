"""Old office formats (.doc, .wps, .xls, .rtf, .odt), by way of an installed LibreOffice."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path, PurePath

from bot.errors import UnreadableDocument

_PROGRAMS = ("soffice", "libreoffice")
_TIMEOUT_S = 90
_SHEETS = frozenset({".xls", ".et", ".ods"})
_OLE = b"\xd0\xcf\x11\xe0"


def convert(content: bytes, file_name: str) -> tuple[bytes, str]:
    """The same document as .docx or .xlsx, and its new name.

    Raises:
        UnreadableDocument: LibreOffice is missing, failed, or took too long.
    """
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    suffix = PurePath(file_name).suffix.lower() or ".doc"
    if b"E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P" in content:
        raise UnreadableDocument("locked office file", reply="这个文件加了密码，请去掉密码后再发。")
    if program is None:
        raise UnreadableDocument(
            "no LibreOffice",
            reply="这是旧版 Office 或 WPS 文件，请另存为 .docx 或 .xlsx 再发，"
            "或请管理员安装 LibreOffice。",
        )
    is_sheet = suffix in _SHEETS or (
        content.startswith(_OLE) and b"W\x00o\x00r\x00k\x00b\x00o" in content
    )
    target = "xlsx" if is_sheet else "docx"
    with tempfile.TemporaryDirectory(prefix="yaodian-office-") as folder:
        source = Path(folder) / f"source{'.xls' if is_sheet and suffix == '.doc' else suffix}"
        source.write_bytes(content)
        _run(program, folder, source, target)
        made = Path(folder) / "out" / f"source.{target}"
        if not made.is_file():
            raise UnreadableDocument("LibreOffice made nothing", reply=_FAILED)
        return made.read_bytes(), f"{PurePath(file_name).stem}.{target}"


_FAILED = "这个文件转换不了，请用 Word 或 WPS 另存为 .docx 后再发。"


def _run(program: str, folder: str, source: Path, target: str) -> None:
    profile = (Path(folder) / "profile").as_uri()
    try:
        subprocess.run(  # noqa: S603
            [
                program,
                "--headless",
                "--norestore",
                f"-env:UserInstallation={profile}",
                "--convert-to",
                target,
                "--outdir",
                str(Path(folder) / "out"),
                str(source),
            ],
            check=True,
            timeout=_TIMEOUT_S,
            capture_output=True,
            cwd=folder,
            env={"HOME": folder, "PATH": os.environ.get("PATH", "")},
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise UnreadableDocument("LibreOffice failed", reply=_FAILED) from error
