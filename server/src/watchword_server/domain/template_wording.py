"""Words that a message with a code must not say, in the languages that fraud is written in.

The table holds phrases, not single words, so that "never share your password" passes: a phrase
after a negation in the same clause is a warning to the reader, not a lure.  Texts and phrases are
compared as the eye reads them (`template_letters.folded`).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from watchword_server.domain.template_letters import disguises, folded


class Ban(NamedTuple):
    """One row: phrases by language, and why a message may not say them.

    `is_error` False leaves it to the reviewer; `promotional` rows hold for codes only.
    """

    rule: str
    why: str
    fix: str
    phrases: dict[str, tuple[str, ...]]
    is_error: bool = True
    promotional: bool = False


BANS: tuple[Ban, ...] = (
    Ban(
        "asks_for_code",
        "it asks the reader to hand the code to somebody",
        "A code goes into your own form; say instead that nobody may ask for it.",
        {
            "en": (
                "reply with this code", "reply with the code", "reply with your code",
                "send us the code", "send us this code", "send this code to", "send the code to",
                "forward this code", "forward the code", "tell us the code", "tell us this code",
                "read the code to", "read this code to", "give this code to", "give the code to",
                "share this code with our", "share the code with our", "text this code to",
            ),
            "es": ("responda con el código", "envíenos el código", "reenvíe este código"),
            "pt": ("responda com o código", "envie-nos o código", "encaminhe este código"),
            "fr": ("répondez avec le code", "envoyez-nous le code", "transférez ce code"),
            "de": ("antworten sie mit dem code", "senden sie uns den code", "leiten sie den code"),
            "zh_CN": ("回复验证码", "将验证码发送给", "把验证码发给", "将验证码告诉我们"),
            "zh_HK": ("回覆驗證碼", "將驗證碼發送給", "把驗證碼發給"),
            "ja": ("コードを返信", "コードを送信してください", "コードを送ってください"),
            "th": ("ตอบกลับรหัส", "ส่งรหัสนี้ให้", "แจ้งรหัสนี้แก่เจ้าหน้าที่"),
        },
    ),
    Ban(
        "asks_for_secret",
        "it speaks of card numbers, bank accounts or keys, as phishing does",
        "Leave it out: a message with a code names only the brand, the code and its lifetime.",
        {
            "en": (
                "card number", "cvv", "cvc", "account number", "routing number", "social security",
                "seed phrase", "recovery phrase", "private key", "atm pin", "card pin",
                "mother's maiden name", "enter your password", "confirm your password",
                "send your password", "verify your password", "your current password",
            ),
            "es": ("número de tarjeta", "cuenta bancaria", "frase semilla", "clave del cajero"),
            "pt": ("número do cartão", "conta bancária", "senha do cartão"),
            "fr": ("numéro de carte", "compte bancaire", "code secret de votre carte"),
            "de": ("kartennummer", "kontonummer", "bankverbindung", "geheimzahl"),
            "zh_CN": ("银行卡号", "信用卡号", "身份证号", "银行账号"),
            "zh_HK": ("銀行卡號", "信用卡號", "身份證號", "銀行帳號"),
            "ja": ("カード番号", "暗証番号", "口座番号"),
            "th": ("หมายเลขบัตร", "เลขบัญชี", "รหัสเอทีเอ็ม"),
            "ar": ("رقم البطاقة", "الحساب البنكي"),
            "he": ("מספר כרטיס", "חשבון בנק"),
            "hi": ("कार्ड नंबर", "बैंक खाता"),
        },
    ),
    Ban(
        "pressure",
        "it threatens, as phishing does",
        "Say what the code is for, without consequences.",
        {
            "en": (
                "account will be suspended", "account will be closed", "account will be blocked",
                "account will be locked", "account has been suspended", "account has been locked",
                "act now", "immediate action required", "final notice", "legal action",
            ),
            "es": ("su cuenta será suspendida", "su cuenta será bloqueada", "actúe ahora"),
            "pt": ("sua conta será suspensa", "sua conta será bloqueada"),
            "fr": ("votre compte sera suspendu", "votre compte sera bloqué"),
            "de": ("konto wird gesperrt", "konto wurde gesperrt"),
            "zh_CN": ("账户将被冻结", "账号将被冻结", "账户将被停用"),
            "zh_HK": ("帳戶將被凍結", "帳戶將被停用"),
            "ja": ("アカウントが停止されます", "利用停止となります"),
            "th": ("บัญชีจะถูกระงับ", "บัญชีของคุณถูกระงับ"),
        },
    ),
    Ban(
        "prize",
        "it promises a prize or easy money",
        "Leave it out.",
        {
            "en": (
                "you have won", "you won", "claim your prize", "lottery", "jackpot", "casino",
                "gift card", "free money", "crypto giveaway", "guaranteed profit",
            ),
            "es": ("ha ganado", "reclame su premio", "lotería"),
            "pt": ("você ganhou", "resgate seu prêmio", "loteria"),
            "fr": ("vous avez gagné", "réclamez votre prix", "loterie"),
            "de": ("sie haben gewonnen", "gewinn abholen", "lotterie"),
            "zh_CN": ("恭喜您中奖", "领取奖品", "彩票", "博彩"),
            "zh_HK": ("恭喜您中獎", "領取獎品", "彩票", "博彩"),
            "ja": ("当選しました", "宝くじ", "賞金"),
            "th": ("คุณได้รับรางวัล", "ลอตเตอรี่", "คาสิโน"),
        },
    ),
    Ban(
        "promotion",
        "it advertises, which carriers and WhatsApp do not allow beside a code",
        "Send offers as a template of the sub type marketing.",
        {
            "en": (
                "discount", "% off", "special offer", "buy now", "sale ends", "limited time offer",
                "shop now", "free gift", "promo code",
            ),
            "es": ("descuento", "oferta especial", "compre ahora"),
            "pt": ("desconto", "oferta especial", "compre agora"),
            "fr": ("offre spéciale", "réduction de", "achetez maintenant"),
            "de": ("rabatt", "sonderangebot", "jetzt kaufen"),
            "zh_CN": ("优惠", "折扣", "促销", "免费领取"),
            "zh_HK": ("優惠", "折扣", "促銷", "免費領取"),
            "ja": ("割引", "キャンペーン", "特典"),
            "th": ("ส่วนลด", "โปรโมชั่น", "ข้อเสนอพิเศษ"),
        },
        promotional=True,
    ),
    Ban(
        "password",
        "it speaks of a password: right for a reset, a lure elsewhere",
        "Keep it only where the code resets a password; the reviewer decides.",
        {
            "en": ("password", "passphrase"),
            "es": ("contraseña",),
            "pt": ("sua senha", "senha de"),
            "fr": ("mot de passe",),
            "de": ("passwort", "kennwort"),
            "zh_CN": ("密码",),
            "zh_HK": ("密碼",),
            "ja": ("パスワード",),
            "th": ("รหัสผ่าน",),
            "ar": ("كلمة المرور",),
            "he": ("סיסמה",),
            "hi": ("पासवर्ड",),
        },
        is_error=False,
    ),
)  # fmt: skip

FAMOUS = frozenset(
    [
        "amazon",
        "apple",
        "binance",
        "coinbase",
        "dhl",
        "facebook",
        "fedex",
        "gmail",
        "google",
        "icloud",
        "instagram",
        "linkedin",
        "mastercard",
        "microsoft",
        "netflix",
        "outlook",
        "paypal",
        "revolut",
        "stripe",
        "telegram",
        "tiktok",
        "usps",
        "visa",
        "wechat",
        "whatsapp",
    ]
)
"""Brands that fraud pretends to be; only their owner may say them."""

GENERIC = frozenset(
    [
        "admin",
        "alert",
        "bank",
        "code",
        "info",
        "login",
        "message",
        "notice",
        "official",
        "otp",
        "security",
        "service",
        "sms",
        "support",
        "system",
        "team",
        "test",
        "verify",
        "verification",
    ]
)
"""Names that say nothing about who sends."""

_NEGATION = re.compile(
    r"(?<!\w)(?:never|not|don't|dont|no|nunca|jamais|nao|ne|nie|niemals|nicht|kein|keine|keinen)"
    r"(?!\w)|" + "|".join(folded(word) for word in ["勿", "不要", "อย่า", "ห้าม", "لا", "אין", "אל"])
)
_CLAUSE = re.compile(r"[.,;:!?\n、。，；：！？।،]+\s*")


def _bounded(phrase: str) -> str:
    """A Latin phrase stands between spaces; other scripts may do without."""
    if not phrase[-1].isascii():
        return re.escape(phrase)
    before = r"(?<!\w)" if phrase[0].isalnum() else ""
    return rf"{before}{re.escape(phrase)}(?!\w)"


_PHRASES = tuple(
    (ban, tuple(folded(phrase) for each in ban.phrases.values() for phrase in each)) for ban in BANS
)


def banned(text: str, *, is_code: bool) -> Iterator[Ban]:
    """The rows that a text breaks, each once."""
    clauses = [folded(clause) for clause in _CLAUSE.split(text)]
    readings = [reading for clause in clauses for reading in disguises(clause)]
    whole = "\n".join(readings)
    for ban, phrases in _PHRASES:
        if ban.promotional and not is_code:
            continue
        there = [_bounded(phrase) for phrase in phrases if phrase in whole]
        if any(_lures(pattern, reading) for pattern in there for reading in readings):
            yield ban


def _lures(pattern: str, clause: str) -> bool:
    match = re.search(pattern, clause)
    return match is not None and _NEGATION.search(clause, 0, match.start()) is None


def brand_kind(brand: str) -> str | None:
    """`famous` or `generic` for a brand that the reviewer should look at twice."""
    for reading in disguises(folded(brand)):
        if any(name in reading.replace(" ", "") for name in FAMOUS):
            return "famous"
        if reading in GENERIC:
            return "generic"
    return None
