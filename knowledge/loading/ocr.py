"""Words in pictures, by rapidocr with the model in its own package; an optional extra."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

from bot.errors import UnreadableDocument
from knowledge.loading.base import Line, Loaded
from knowledge.loading.layout import Page, Placed, paragraphs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

_MOST_PIXELS = 40_000_000
_MOST_SIDE = 4000
_LEAST_SCORE = 0.5


class _Result(Protocol):
    boxes: list[list[list[float]]] | None
    txts: tuple[str, ...] | None
    scores: tuple[float, ...] | None


def load_image(content: bytes) -> Loaded:
    """Raises ``UnreadableDocument`` for a pixel bomb, a broken picture, or without the extra."""
    picture = _open(content)
    height, width = picture.shape[:2]
    page = Page(width=float(width), height=float(height), placed=tuple(recognise(picture)))
    lines = tuple(Line(text=text) for text in paragraphs([page]))
    if not lines:
        raise UnreadableDocument("no words in picture", reply="这张图片里没有认出文字。")
    return Loaded(lines=lines)


def recognise(picture: Picture) -> Iterator[Placed]:
    """Runs of text with their boxes, in pixels."""
    result = _engine()(picture)
    if result.boxes is None or result.txts is None or result.scores is None:
        return
    for box, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
        if score < _LEAST_SCORE or not text.strip():
            continue
        across, down = [point[0] for point in box], [point[1] for point in box]
        yield Placed(
            text=text.strip(),
            left=float(min(across)),
            top=float(min(down)),
            right=float(max(across)),
            bottom=float(max(down)),
        )


def _open(content: bytes) -> Picture:
    import numpy as np
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = _MOST_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as image:
                image.thumbnail((_MOST_SIDE, _MOST_SIDE))
                return np.asarray(image.convert("RGB"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableDocument(
            "pixel bomb", reply="这张图片的像素太大，请缩小后再发。"
        ) from error
    except (OSError, ValueError, SyntaxError) as error:
        raise UnreadableDocument("broken picture", reply="这张图片已损坏，打不开。") from error


@cache
def _engine() -> Callable[[Picture], _Result]:
    try:
        from rapidocr import RapidOCR
    except ImportError as error:
        raise UnreadableDocument(
            "no ocr",
            reply="这是扫描件或图片，要认出里面的字，"
            "请管理员先安装文字识别：pip install 'yaodian[ocr]'。",
        ) from error
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    settings = {
        "Global.log_level": "error",
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    return cast("Callable[[Picture], _Result]", RapidOCR(params=settings))
