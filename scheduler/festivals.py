"""Days with a name, by year. Moon dates come from a table: no lunar calendar runs."""

from __future__ import annotations

from datetime import date, timedelta

from chinese_calendar import get_solar_terms

_MOON_DAYS = {  # 春节, 端午, 中秋, 重阳 as month and day
    2020: "0125 0625 1001 1025",
    2021: "0212 0614 0921 1014",
    2022: "0201 0603 0910 1004",
    2023: "0122 0622 0929 1023",
    2024: "0210 0610 0917 1011",
    2025: "0129 0531 1006 1029",
    2026: "0217 0619 0925 1018",
    2027: "0206 0609 0915 1008",
    2028: "0126 0528 1003 1026",
    2029: "0213 0616 0922 1016",
    2030: "0203 0605 0912 1005",
    2031: "0123 0624 1001 1024",
    2032: "0211 0612 0919 1012",
    2033: "0131 0601 0908 1001",
    2034: "0219 0620 0927 1020",
    2035: "0208 0610 0916 1009",
    2036: "0128 0530 1004 1027",
    2037: "0215 0618 0924 1017",
    2038: "0204 0607 0913 1007",
    2039: "0124 0527 1002 1026",
    2040: "0212 0614 0920 1014",
    2041: "0201 0603 0910 1003",
    2042: "0122 0622 0928 1022",
    2043: "0210 0611 0917 1011",
    2044: "0130 0531 1005 1029",
    2045: "0217 0619 0925 1018",
}
_FIXED = {
    "元旦节": (1, 1),
    "元旦": (1, 1),
    "学雷锋日": (3, 5),
    "三八妇女节": (3, 8),
    "妇女节": (3, 8),
    "三八节": (3, 8),
    "植树节": (3, 12),
    "全民国家安全教育日": (4, 15),
    "世界读书日": (4, 23),
    "五一国际劳动节": (5, 1),
    "国际劳动节": (5, 1),
    "五一劳动节": (5, 1),
    "劳动节": (5, 1),
    "五一节": (5, 1),
    "五一": (5, 1),
    "五四青年节": (5, 4),
    "青年节": (5, 4),
    "五四": (5, 4),
    "六一国际儿童节": (6, 1),
    "六一儿童节": (6, 1),
    "国际儿童节": (6, 1),
    "儿童节": (6, 1),
    "六一": (6, 1),
    "七一建党节": (7, 1),
    "建党节": (7, 1),
    "党的生日": (7, 1),
    "七一": (7, 1),
    "八一建军节": (8, 1),
    "建军节": (8, 1),
    "八一": (8, 1),
    "教师节": (9, 10),
    "烈士纪念日": (9, 30),
    "十一国庆节": (10, 1),
    "国庆节": (10, 1),
    "国庆": (10, 1),
    "十一": (10, 1),
    "国家宪法日": (12, 4),
    "宪法日": (12, 4),
    "国家公祭日": (12, 13),
}
_MOVING = {
    "除夕": (0, -1),
    "大年三十": (0, -1),
    "春节": (0, 0),
    "大年初一": (0, 0),
    "元宵节": (0, 14),
    "元宵": (0, 14),
    "端午节": (1, 0),
    "端午": (1, 0),
    "中秋节": (2, 0),
    "中秋": (2, 0),
    "重阳节": (3, 0),
    "重阳": (3, 0),
}
_SOLAR_TERMS = frozenset({"清明节", "清明"})

NAMES = sorted({*_FIXED, *_MOVING, *_SOLAR_TERMS}, key=len, reverse=True)
"""Every name, longest first."""


def fixed_month_day(name: str) -> tuple[int, int] | None:
    """Month and day of a festival that falls on the same date each year."""
    return _FIXED.get(name)


def festival(name: str, year: int) -> date | None:
    """The day of ``name`` in ``year``, or None when this table does not reach that year."""
    if name in _FIXED:
        return date(year, *_FIXED[name])
    if name in _MOVING:
        column, offset = _MOVING[name]
        row = _MOON_DAYS.get(year)
        if row is None:
            return None
        month_day = row.split()[column]
        return date(year, int(month_day[:2]), int(month_day[2:])) + timedelta(days=offset)
    if name in _SOLAR_TERMS and 1901 <= year <= 2099:
        terms = get_solar_terms(date(year, 4, 1), date(year, 4, 10))
        return next((day for day, term in terms if term == "清明"), None)
    return None
