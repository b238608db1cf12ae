"""Says in Chinese what is wrong with the configuration, and where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_SENTENCES = {
    "missing": "这一项必须填写",
    "int_type": "要写整数",
    "int_parsing": "要写整数",
    "int_from_float": "要写整数",
    "float_type": "要写数字",
    "float_parsing": "要写数字",
    "bool_type": "要写 true 或 false",
    "bool_parsing": "要写 true 或 false",
    "string_type": "要写一段文字，用引号括起来",
    "tuple_type": '要写成列表，例如 ["甲", "乙"]',
    "dict_type": "要写成一张表（[名称] 下面一行一项）",
    "model_type": "要写成一张表（[名称] 下面一行一项）",
    "model_attributes_type": "要写成一张表（[名称] 下面一行一项）",
    "date_from_datetime_parsing": "要写日期，例如 2026-09-01",
    "date_parsing": "要写日期，例如 2026-09-01",
    "date_type": "要写日期，例如 2026-09-01",
    "time_parsing": '要写时间，例如 "07:00"',
    "time_type": '要写时间，例如 "07:00"',
    "too_short": "写少了",
    "too_long": "写多了",
}


def explain(
    error: ValidationError,
    *,
    source: str,
    environ: Mapping[str, str],
    prefix: str,
    of: type[BaseModel],
) -> list[str]:
    """One line per problem: ``file：key：what to do``; no values, which may be secret."""
    return [
        f"{_place(detail['loc'], source, environ, prefix)}：{_advice(detail, of)}。"
        for detail in error.errors(include_input=False, include_url=False)
    ]


def unknown_variables(
    environ: Mapping[str, str], prefix: str, sections: Sequence[str]
) -> list[str]:
    """A sentence per variable whose section does not exist; pydantic would pass over them."""
    problems = []
    for name in environ:
        if not name.upper().startswith(prefix):
            continue
        section = name[len(prefix) :].partition("__")[0].lower()
        if section not in sections:
            problems.append(f"环境变量 {name}：没有这一节{_perhaps(section, sections)}。")
    return problems


def bad_json(environ: Mapping[str, str], prefix: str) -> list[str]:
    """A sentence per variable that looks like a list or table and is not JSON."""
    problems = []
    for name, value in environ.items():
        if name.upper().startswith(prefix):
            try:
                json.loads(value)
            except ValueError:
                if value.lstrip().startswith(("[", "{")):
                    problems.append(f"环境变量 {name}：列表和表要写成完整的 JSON。")
    return problems or [f'{prefix}… 开头的环境变量里，列表和表要写成 JSON，例如 ["甲", "乙"]。']


def _place(
    location: tuple[int | str, ...], source: str, environ: Mapping[str, str], prefix: str
) -> str:
    names = {name.upper() for name in environ}
    for length in range(len(location), 0, -1):
        variable = prefix + "__".join(str(part) for part in location[:length]).upper()
        if found := {variable, f"{variable}_FILE"} & names:
            return f"环境变量 {found.pop()}"
    return f"{source}：{_dotted(location)}"


def _dotted(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[第 {part + 1} 项]"
        else:
            text += f".{part}" if text else part
    return text


def _advice(detail: ErrorDetails, of: type[BaseModel]) -> str:
    kind = detail["type"]
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        return "没有这一项" + _perhaps(str(detail["loc"][-1]), _siblings(detail["loc"], of))
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"只能写 {context['expected'].replace(' or ', ' 或 ')}"
    bounds = {"greater_than_equal": ("ge", "不能小于"), "less_than_equal": ("le", "不能大于")}
    bounds |= {"greater_than": ("gt", "要大于"), "less_than": ("lt", "要小于")}
    if kind in bounds:
        name, words = bounds[kind]
        return f"{words} {context[name]}"
    return _SENTENCES.get(kind, f"读不懂（{detail['msg']}）")


def _perhaps(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name.lower(), known, n=1)
    if close:
        return f"，是不是想写 {close[0]}"
    return f"，可以写：{'、'.join(known)}" if known else ""


def _siblings(location: tuple[int | str, ...], of: type[BaseModel]) -> list[str]:
    model: type[BaseModel] | None = of
    for part in location[:-1]:
        if isinstance(part, str) and model is not None:
            field = model.model_fields.get(part)
            model = _model_in(field.annotation) if field else None
    return list(model.model_fields) if model is not None else []


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
