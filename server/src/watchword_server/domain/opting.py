"""What people answer to messages: whether they want no more of them, or again some.

A word counts only if it is the whole message: "stop" is a wish, "please do not stop" is not.
"""

import re
import unicodedata
from collections.abc import Mapping

from watchword_server.domain.inbound import Choice

MOST_TEXT = 1_000
"""Characters of a message that are kept."""

CARRIERS_OUT: tuple[str, ...] = (
    "stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "optout",
    "opt out", "remove", "td", "arret", "arrete", "arrett",
)  # fmt: skip
"""What carriers and regulators want honoured everywhere.

Sources: 47 CFR 64.1200(a)(10) (stop, quit, end, revoke, opt out, cancel, unsubscribe);
https://help.twilio.com/articles/223134027; https://www.twilio.com/docs/proxy/opt-out-keywords
(ARRET, ARRETE, ARRETT); https://docs.aws.amazon.com/sms-voice/latest/userguide/keywords-required.html
(REMOVE, TD).
"""

CARRIERS_IN: tuple[str, ...] = ("start", "yes", "unstop", "opt in", "optin", "subscribe")
"""https://help.twilio.com/articles/223134027 (START, YES, UNSTOP) and their counterparts."""

OUT: Mapping[str, tuple[str, ...]] = {
    "zh_CN": ("退订", "退訂", "取消", "停止", "拒收", "td", "t"),
    "zh_HK": ("退訂", "取消", "停止", "拒收"),
    "ja": ("停止", "配信停止", "解除", "ストップ", "キャンセル"),
    "th": ("หยุด", "ยกเลิก", "เลิก"),
    "es": ("alto", "baja", "parar", "cancelar", "detener", "fin"),
    "pt": ("parar", "pare", "sair", "cancelar", "baixa"),
    "fr": ("arrêt", "arrêter", "arrêtez", "fin", "désabonner", "désinscrire"),
    "de": ("stopp", "stoppen", "abmelden", "abbestellen", "ende", "aus"),
    "ar": ("إيقاف", "ايقاف", "توقف", "قف", "إلغاء", "الغاء", "إلغاء الاشتراك"),
    "he": ("הסר", "הסרה", "עצור", "די", "ביטול"),
    "hi": ("रोकें", "रोको", "बंद", "बंद करें", "रद्द"),
    "id": ("berhenti", "batal", "keluar"),
    "it": ("ferma", "fermare", "annulla", "basta", "disiscriviti"),
    "ko": ("중지", "중단", "정지", "수신거부", "취소"),
    "nl": ("stoppen", "afmelden", "uitschrijven"),
    "pl": ("rezygnuję", "koniec", "anuluj"),
    "ru": ("стоп", "отмена", "отписаться", "хватит"),
    "tr": ("dur", "durdur", "iptal", "ret", "çık"),
    "uk": ("стоп", "скасувати", "відписатися"),
    "vi": ("dừng", "ngừng", "hủy", "huy"),
}  # fmt: skip
"""The same wish in the languages of the catalogue and some others, as people write it."""

IN: Mapping[str, tuple[str, ...]] = {
    "zh_CN": ("开始", "恢复", "订阅"),
    "zh_HK": ("開始", "恢復", "訂閱"),
    "ja": ("開始", "再開", "スタート"),
    "th": ("เริ่ม", "สมัคร"),
    "es": ("inicio", "iniciar", "empezar", "alta", "sí"),
    "pt": ("começar", "iniciar", "voltar", "sim"),
    "fr": ("début", "démarrer", "commencer", "reprendre", "oui"),
    "de": ("starten", "anmelden", "anfangen", "ja"),
    "ar": ("ابدأ", "بدء", "اشتراك", "نعم"),
    "he": ("התחל", "הצטרף", "כן"),
    "hi": ("शुरू", "शुरू करें", "हाँ"),
    "id": ("mulai", "ya"),
    "it": ("inizia", "avvia", "sì"),
    "ko": ("시작", "재개", "예"),
    "nl": ("starten", "aanmelden", "ja"),
    "pl": ("start", "tak"),
    "ru": ("старт", "начать", "да"),
    "tr": ("başla", "başlat", "evet"),
    "uk": ("старт", "почати", "так"),
    "vi": ("bắt đầu", "có"),
}

_DIGITS = re.compile(r"\d(?:[\s.\-]{0,2}\d){3,}")
_HIDDEN = frozenset({"Mn", "Cf"})


def _plain(text: str) -> str:
    """The text without case, accents, points, signs and double spaces."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    seen = (one for one in apart if unicodedata.category(one) not in _HIDDEN)
    return " ".join("".join(one if _is_letter(one) else " " for one in seen).split())


def _is_letter(one: str) -> bool:
    return one.isalnum() or unicodedata.category(one) == "Mc"  # a vowel's sign is part of its word


_CHOICES: dict[str, Choice] = {
    _plain(word): choice
    for choice, everywhere, languages in (
        (Choice.IN, CARRIERS_IN, IN), (Choice.OUT, CARRIERS_OUT, OUT),
    )
    for words in (everywhere, *languages.values())
    for word in words
}  # fmt: skip


def choice_of(text: str) -> Choice | None:
    """What a message asks for, if it is nothing but a word that asks for it."""
    if len(text) > MOST_TEXT:
        return None
    return _CHOICES.get(_plain(text))


def discreet(text: str, code: str = "") -> str:
    """A person's message as it may be shown: without the code, and without whatever could be
    one, or a number."""
    shown = "".join(one if one.isprintable() else " " for one in text)
    if code:
        shown = re.sub(re.escape(code), "***", shown, flags=re.IGNORECASE)
    return _DIGITS.sub("***", shown)[:MOST_TEXT]
