"""The words of templates that bring none of their own: with the expiry and the warning, or without.

They are those of the catalogue; this table says which piece of a text is the one or the other.
A call never says when the code expires: the words would be spoken longer than they help.
"""

import functools
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from watchword_server.domain.catalogue import contents_of
from watchword_server.domain.channel import Channel
from watchword_server.domain.template import DEFAULT_LANGUAGE, Content


class Pieces(NamedTuple):
    """The pieces of one language's texts that a template may leave out."""

    sms_expiry: str
    sms_warning: str
    chat_expiry: str
    chat_warning: str
    voice_warning: str


PIECES: Mapping[str, Pieces] = {
    "en": Pieces(
        " It expires in {{ttl}} min.", " Do not share this code with anyone.",
        " It expires in {{ttl}} min.", " For your security, do not share this code.",
        " Do not share this code with anyone.",
    ),
    "zh_CN": Pieces(
        "，{{ttl}}分钟内有效", "请勿将验证码告知他人。",
        "，{{ttl}}分钟内有效", "为保障您的账户安全，请勿将验证码告知他人。",
        "请勿将验证码告知他人。",
    ),
    "zh_HK": Pieces(
        "，{{ttl}}分鐘內有效", "請勿向任何人透露此驗證碼。",
        "，{{ttl}}分鐘內有效", "為保障您的帳戶安全，請勿向任何人透露此驗證碼。",
        "請勿向任何人透露此驗證碼。",
    ),
    "ja": Pieces(
        "有効期限は{{ttl}}分です。", "他人に教えないでください。",
        "有効期限は{{ttl}}分です。", "安全のため、このコードを他人に教えないでください。",
        "このコードを他人に教えないでください。",
    ),
    "th": Pieces(
        " ใช้ได้ {{ttl}} นาที", " ห้ามบอกรหัสแก่ผู้อื่น",
        " ใช้ได้ภายใน {{ttl}} นาที", " เพื่อความปลอดภัย โปรดอย่าบอกรหัสนี้แก่ผู้อื่น",
        " โปรดอย่าบอกรหัสนี้แก่ผู้อื่น",
    ),
    "es": Pieces(
        " Caduca en {{ttl}} min.", " No la comparta con nadie.",
        " Caduca en {{ttl}} min.", " Por su seguridad, no lo comparta con nadie.",
        " No lo comparta con nadie.",
    ),
    "pt": Pieces(
        " Expira em {{ttl}} min.", " Nunca compartilhe com ninguém.",
        " Expira em {{ttl}} min.", " Para sua segurança, não o compartilhe com ninguém.",
        " Não o compartilhe com ninguém.",
    ),
    "fr": Pieces(
        " Il expire dans {{ttl}} min.", " Ne le communiquez à personne.",
        " Il expire dans {{ttl}} min.", " Pour votre sécurité, ne le communiquez à personne.",
        " Ne le communiquez à personne.",
    ),
    "de": Pieces(
        " Er ist {{ttl}} Min. gültig.", " Geben Sie ihn an niemanden weiter.",
        " Er ist {{ttl}} Min. gültig.",
        " Geben Sie ihn zu Ihrer Sicherheit an niemanden weiter.",
        " Geben Sie ihn an niemanden weiter.",
    ),
    "ar": Pieces(
        "، صالح {{ttl}} دقائق", " لا تشاركه مع أحد.",
        "، صالح لمدة {{ttl}} دقائق", " حفاظًا على أمانك، لا تشاركه مع أحد.",
        " لا تشاركه مع أحد.",
    ),
    "he": Pieces(
        ", בתוקף {{ttl}} דקות", " אין למסור אותו לאיש.",
        ", בתוקף ל-{{ttl}} דקות", " למען ביטחונך, אין למסור אותו לאיש.",
        " אין למסור אותו לאיש.",
    ),
    "hi": Pieces(
        ", {{ttl}} मिनट तक मान्य", " किसी को न बताएँ।",
        ", {{ttl}} मिनट तक मान्य", " अपनी सुरक्षा के लिए यह कोड किसी को न बताएँ।",
        " यह कोड किसी को न बताएँ।",
    ),
}  # fmt: skip
"""By language; each piece stands in its text exactly once."""


@functools.lru_cache(maxsize=64)
def default_contents(
    channel: Channel, *, contain_security: bool = True, contain_expire: bool = True
) -> Mapping[str, Content]:
    """What a channel says by default, in every language."""
    unwanted = (not contain_expire, not contain_security)
    said = contents_of(channel)
    contents = {
        language: _without(said[language], channel, pieces, unwanted)
        for language, pieces in PIECES.items()
    }
    return {DEFAULT_LANGUAGE: contents["en"], **contents}


def _without(
    content: Content, channel: Channel, pieces: Pieces, unwanted: tuple[bool, bool]
) -> Content:
    expiry, warning = pieces.chat_expiry, pieces.chat_warning
    if channel is Channel.SMS:
        expiry, warning = pieces.sms_expiry, pieces.sms_warning
    elif channel is Channel.VOICE:
        expiry, warning = "", pieces.voice_warning
    text = content.text
    for piece, is_unwanted in zip((expiry, warning), unwanted, strict=True):
        if is_unwanted and piece:
            text = text.replace(piece, "")
    return msgspec.structs.replace(content, text=text.strip())
