"""Signing in to the pages with a WeCom account: the way there, and who came back.

The code in the answer is the platform's and serves once, within five minutes; ``state`` is the
page's own, and is to be compared before the code is used.

Source:
    WeCom, 网页授权 (path/91022), Web 登录 (path/98152), 获取访问用户身份 (path/91023).
"""

from __future__ import annotations

import re
from urllib.parse import urlencode

from bot.channels.wecom.api import QyApi
from bot.channels.wecom.errors import Action, PlatformRefused
from bot.errors import NotAllowed

_STATE = re.compile(r"[A-Za-z0-9]{1,128}")
_CODE = re.compile(r"[\x21-\x7e]{1,512}")
_START_AGAIN = "登录链接已失效，请重新打开登录页。"
_OUTSIDER = "您不在本单位的企业微信通讯录里，请联系管理员。"


async def account_of(api: QyApi, code: str) -> str:
    """The account that signed in.

    Raises:
        NotAllowed: The code is used up, or belongs to somebody outside the corp.
    """
    if not _CODE.fullmatch(code):
        raise NotAllowed("malformed sign-in code", reply=_START_AGAIN)
    try:
        answer = await api.get("auth/getuserinfo", code=code)
    except PlatformRefused as error:
        if error.action is Action.LOGIN:
            raise NotAllowed(str(error), reply=_START_AGAIN) from error
        raise
    account = answer.get("userid") or answer.get("UserId")
    if not isinstance(account, str) or not account:
        raise NotAllowed("sign-in by somebody outside the corp", reply=_OUTSIDER)
    return account


def web_sign_in_url(corp_id: str, agent_id: int, redirect_to: str, state: str) -> str:
    """The page with a QR code, for a browser outside WeCom."""
    query = {
        "login_type": "CorpApp",
        "appid": corp_id,
        "agentid": agent_id,
        "redirect_uri": redirect_to,
        "state": _checked(state),
        "lang": "zh",
    }
    return f"https://login.work.weixin.qq.com/wwlogin/sso/login?{urlencode(query)}"


def inside_sign_in_url(corp_id: str, agent_id: int, redirect_to: str, state: str) -> str:
    """The silent redirect, for a page opened inside WeCom."""
    query = {
        "appid": corp_id,
        "redirect_uri": redirect_to,
        "response_type": "code",
        "scope": "snsapi_base",
        "state": _checked(state),
        "agentid": agent_id,
    }
    address = f"https://open.weixin.qq.com/connect/oauth2/authorize?{urlencode(query)}"
    return f"{address}#wechat_redirect"


def _checked(state: str) -> str:
    if not _STATE.fullmatch(state):
        raise ValueError("state must be 1-128 letters and digits")
    return state
