"""Whether a file that somebody sends can be kept: by what it is, not by its name. Pure."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
from dataclasses import dataclass

from bot.errors import UsageError

MOST_BYTES = 20 * 2**20
_MOST_PIXELS = 40_000_000
_MOST_ENTRIES = 2_000
_MOST_UNPACKED = 100 * 2**20
_MOST_RATIO = 100
_THUMBNAIL = (320, 320)
_DRAWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
"""Nothing else is decoded here; what a phone keeps as HEIC is kept as it is."""
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
    (b"GIF87a", "image/gif", ".gif"),
    (b"GIF89a", "image/gif", ".gif"),
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", ".doc"),
    (b"PK\x03\x04", "application/zip", ".zip"),
)
_OFFICE = {
    "word/": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    "xl/": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    "ppt/": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"),
    "OFD.xml": ("application/ofd", ".ofd"),
}
_OLE = frozenset({".doc", ".xls", ".ppt", ".wps", ".et", ".dps"})
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]+')


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A file that may be kept; ``thumbnail`` is a small JPEG of a picture."""

    name: str
    media_type: str
    content: bytes
    thumbnail: bytes | None = None

    @property
    def is_picture(self) -> bool:
        """By its content; what a phone keeps as HEIC is one too."""
        return self.media_type in _DRAWN or self.media_type == "application/heic"


def check_file(name: str, content: bytes) -> Checked:
    """Look inside; costs CPU time, so not for the event loop.

    Raises:
        UsageError: It is too large, a bomb, damaged, or of a kind that is not taken.
    """
    if not content:
        raise _refused("empty file", "文件是空的，请重新发一次。")
    if len(content) > MOST_BYTES:
        raise _refused("too large", f"文件超过 {MOST_BYTES // 2**20} MB，请压缩后再发。")
    media_type, suffix = _kind(name, content)
    thumbnail = None
    if media_type in _DRAWN:
        thumbnail = _small(content)
    elif media_type == "application/zip":
        media_type, suffix = _inside(content)
    return Checked(
        name=safe_name(name, suffix), media_type=media_type, content=content, thumbnail=thumbnail
    )


def safe_name(name: str, suffix: str = "") -> str:
    """A name that no file system and no archive trips over, with the suffix of its content."""
    bare = _UNSAFE.sub("_", name).strip(" .") or "文件"
    if suffix and not bare.lower().endswith(suffix):
        stem = bare.rpartition(".")[0] if re.search(r"\.\w{1,5}$", bare) else bare
        bare = f"{stem or bare}{suffix}"
    return bare[-120:]


def _kind(name: str, content: bytes) -> tuple[str, str]:
    for magic, media_type, suffix in _MAGIC:
        if content.startswith(magic):
            if suffix == ".doc":
                given = name[name.rfind(".") :].lower()
                return media_type, given if given in _OLE else suffix
            return media_type, suffix
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp", ".webp"
    if content[4:8] == b"ftyp":
        is_heic = content[8:12] in (b"heic", b"heix", b"mif1", b"heif")
        return ("application/heic", ".heic") if is_heic else ("video/mp4", ".mp4")
    if name.lower().endswith((".txt", ".csv")) and b"\x00" not in content:
        return "text/plain", name[name.rfind(".") :].lower()
    raise _refused("unknown kind", "只收照片、PDF、Word、Excel、PPT、压缩包和文本文件。")


def _small(content: bytes) -> bytes:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
                if picture.width * picture.height > _MOST_PIXELS:
                    raise _refused("too many pixels", "图片尺寸太大，请缩小后再发。")
                picture.draft("RGB", _THUMBNAIL)
                small = picture.convert("RGB")
                small.thumbnail(_THUMBNAIL)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _refused("too many pixels", "图片尺寸太大，请缩小后再发。") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError,
            struct.error, IndexError, OverflowError) as error:  # fmt: skip
        raise _refused("damaged picture", "图片打不开，可能没有传完整，请重新发一次。") from error
    out = io.BytesIO()
    small.save(out, "JPEG", quality=80)
    return out.getvalue()


def _inside(content: bytes) -> tuple[str, str]:
    """Of an archive, from its directory alone: nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise _refused("damaged archive", "压缩包或文档打不开，请重新发一次。") from error
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > _MOST_ENTRIES or unpacked > _MOST_UNPACKED:
        raise _refused("archive too large", "压缩包解开以后太大，请分开发。")
    if unpacked > _MOST_RATIO * max(len(content), 1):
        raise _refused("archive bomb", "这个压缩包不正常，不能收。")
    if any(entry.filename.lower().endswith((".zip", ".rar", ".7z", ".gz")) for entry in entries):
        raise _refused("nested archive", "压缩包里还有压缩包，请解开后再发。")
    for start, kind in _OFFICE.items():
        if any(entry.filename.startswith(start) for entry in entries):
            return kind
    return "application/zip", ".zip"


def _refused(why: str, reply: str) -> UsageError:
    return UsageError(why, reply=reply)
