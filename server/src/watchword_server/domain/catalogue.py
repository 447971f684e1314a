"""The templates every project starts with, and their words in every language.

Each SMS fits one segment with a brand of ten characters, a six-digit code and two-digit minutes.
The Spanish and Portuguese ones therefore avoid the word "código": its o with an acute accent is
not in GSM-7, and one such letter halves what a segment holds.
The code stands first or early, where a notification shows it, and in no subject, which mail
relays log.
"""

from collections.abc import Mapping

import msgspec

from watchword_server.domain.channel import CODELESS, Channel
from watchword_server.domain.template import (
    DEFAULT_LANGUAGE,
    Content,
    Status,
    Template,
    is_right_to_left,
    parse_strategy,
)

BRAND = "Watchword"
"""Brand of a project that has not named its own."""

BUILT_IN: Mapping[str, tuple[str, str]] = {
    "otp-sms": ("sms", "A code by SMS"),
    "otp-email": ("email", "A code by email"),
    "otp-whatsapp": ("whatsapp", "A code by WhatsApp"),
    "otp-voice": ("voice", "A code by telephone call"),
    "otp-any": ("whatsapp|sms|voice", "A code by WhatsApp, else SMS, else telephone call"),
}
"""Built-in templates: id, strategy, description."""

SANDBOX: Mapping[str, tuple[str, str]] = {
    "sandbox-otp-tpl": ("sms|whatsapp|voice|email", "A code to any sandbox recipient"),
    "sandbox-otp-tpl-wa": ("whatsapp|sms|voice", "A code by WhatsApp, to see it fall back"),
    "sandbox-custom-tpl": ("sms|whatsapp|voice|email", "A message with the caller's own code"),
}
"""Templates the EngageLab sandbox has (reference: its SANDBOX.md), beside the built-in ones.

The vendor calls the second one WhatsApp only and made for testing fallback; it cannot be both.
"""


class Words(msgspec.Struct, frozen=True):
    """What is said in one language; `chat` is for messengers, the last five make up an email."""

    sms: str
    chat: str
    voice: str
    subject: str
    lead: str
    expiry: str
    warning: str
    unasked: str


WORDS: Mapping[str, Words] = {
    "en": Words(
        sms="{{code}} is your {{brand_name}} verification code. It expires in {{ttl}} min. "
        "Do not share this code with anyone.",
        chat="{{code}} is your {{brand_name}} verification code. It expires in {{ttl}} min. "
        "For your security, do not share this code.",
        voice="Hello. Your {{brand_name}} verification code is: {{code}}. "
        "Once again, your code is: {{code}}. Do not share this code with anyone. Goodbye.",
        subject="Your {{brand_name}} verification code",
        lead="Your {{brand_name}} verification code is:",
        expiry="It expires in {{ttl}} min.",
        warning="Do not share this code with anyone. We will never ask you for it.",
        unasked="If you did not ask for this code, you can ignore this email.",
    ),
    "zh_CN": Words(
        sms="【{{brand_name}}】验证码：{{code}}，{{ttl}}分钟内有效。请勿将验证码告知他人。",
        chat="{{code}}是您的{{brand_name}}验证码，{{ttl}}分钟内有效。"
        "为保障您的账户安全，请勿将验证码告知他人。",
        voice="您好，您的{{brand_name}}验证码是：{{code}}。再说一遍，您的验证码是：{{code}}。"
        "请勿将验证码告知他人。再见。",
        subject="您的{{brand_name}}验证码",
        lead="您的{{brand_name}}验证码是：",
        expiry="验证码在{{ttl}}分钟内有效。",
        warning="请勿将验证码告知他人，我们绝不会向您索取验证码。",
        unasked="如果您没有申请验证码，请忽略此邮件。",
    ),
    "zh_HK": Words(
        sms="【{{brand_name}}】驗證碼：{{code}}，{{ttl}}分鐘內有效。請勿向任何人透露此驗證碼。",
        chat="{{code}}是您的{{brand_name}}驗證碼，{{ttl}}分鐘內有效。"
        "為保障您的帳戶安全，請勿向任何人透露此驗證碼。",
        voice="您好，您的{{brand_name}}驗證碼是：{{code}}。再說一次，您的驗證碼是：{{code}}。"
        "請勿向任何人透露此驗證碼。再見。",
        subject="您的{{brand_name}}驗證碼",
        lead="您的{{brand_name}}驗證碼是：",
        expiry="驗證碼在{{ttl}}分鐘內有效。",
        warning="請勿向任何人透露此驗證碼，我們絕不會向您索取驗證碼。",
        unasked="如果您沒有要求驗證碼，請忽略此電郵。",
    ),
    "ja": Words(
        sms="{{brand_name}}の認証コードは{{code}}です。有効期限は{{ttl}}分です。"
        "他人に教えないでください。",
        chat="{{brand_name}}の認証コードは{{code}}です。有効期限は{{ttl}}分です。"
        "安全のため、このコードを他人に教えないでください。",
        voice="{{brand_name}}の認証コードは、{{code}}です。"
        "もう一度お知らせします。認証コードは、{{code}}です。"
        "このコードを他人に教えないでください。失礼いたします。",
        subject="{{brand_name}}の認証コード",
        lead="{{brand_name}}の認証コードは次のとおりです。",
        expiry="有効期限は{{ttl}}分です。",
        warning="このコードを他人に教えないでください。当社からコードをお尋ねすることはありません。",
        unasked="お心当たりがない場合は、このメールを破棄してください。",
    ),
    "th": Words(
        sms="{{code}} คือรหัสยืนยัน {{brand_name}} ใช้ได้ {{ttl}} นาที ห้ามบอกรหัสแก่ผู้อื่น",
        chat="{{code}} คือรหัสยืนยัน {{brand_name}} ของคุณ ใช้ได้ภายใน {{ttl}} นาที "
        "เพื่อความปลอดภัย โปรดอย่าบอกรหัสนี้แก่ผู้อื่น",
        voice="สวัสดี รหัสยืนยัน {{brand_name}} ของคุณคือ {{code}} "
        "ขอทวนอีกครั้ง รหัสของคุณคือ {{code}} โปรดอย่าบอกรหัสนี้แก่ผู้อื่น ขอบคุณ",
        subject="รหัสยืนยัน {{brand_name}} ของคุณ",
        lead="รหัสยืนยัน {{brand_name}} ของคุณคือ",
        expiry="รหัสนี้ใช้ได้ภายใน {{ttl}} นาที",
        warning="โปรดอย่าบอกรหัสนี้แก่ผู้อื่น เราจะไม่ขอรหัสนี้จากคุณ",
        unasked="หากคุณไม่ได้ขอรหัสนี้ โปรดเพิกเฉยต่ออีเมลฉบับนี้",
    ),
    "es": Words(
        sms="{{code}} es su clave de {{brand_name}}. Caduca en {{ttl}} min. "
        "No la comparta con nadie.",
        chat="{{code}} es su código de verificación de {{brand_name}}. Caduca en {{ttl}} min. "
        "Por su seguridad, no lo comparta con nadie.",
        voice="Hola. Su código de verificación de {{brand_name}} es: {{code}}. "
        "Se lo repito, su código es: {{code}}. No lo comparta con nadie. Adiós.",
        subject="Su código de verificación de {{brand_name}}",
        lead="Su código de verificación de {{brand_name}} es:",
        expiry="Caduca en {{ttl}} min.",
        warning="No comparta este código con nadie. Nunca se lo pediremos.",
        unasked="Si no ha solicitado este código, puede ignorar este correo.",
    ),
    "pt": Words(
        sms="{{brand_name}}: use {{code}} para confirmar sua identidade. Expira em {{ttl}} min. "
        "Nunca compartilhe com ninguém.",
        chat="{{code}} é seu código de verificação {{brand_name}}. Expira em {{ttl}} min. "
        "Para sua segurança, não o compartilhe com ninguém.",
        voice="Olá. Seu código de verificação {{brand_name}} é: {{code}}. "
        "Repetindo, seu código é: {{code}}. Não o compartilhe com ninguém. Até logo.",
        subject="Seu código de verificação {{brand_name}}",
        lead="Seu código de verificação {{brand_name}} é:",
        expiry="Ele expira em {{ttl}} min.",
        warning="Não compartilhe este código com ninguém. Nunca pediremos o código a você.",
        unasked="Se você não solicitou este código, ignore este e-mail.",
    ),
    "fr": Words(
        sms="{{code}} est votre code {{brand_name}}. Il expire dans {{ttl}} min. "
        "Ne le communiquez à personne.",
        chat="{{code}} est votre code de vérification {{brand_name}}. Il expire dans {{ttl}} min. "
        "Pour votre sécurité, ne le communiquez à personne.",
        voice="Bonjour. Votre code de vérification {{brand_name}} est : {{code}}. "
        "Je répète, votre code est : {{code}}. Ne le communiquez à personne. Au revoir.",
        subject="Votre code de vérification {{brand_name}}",
        lead="Votre code de vérification {{brand_name}} est :",
        expiry="Il expire dans {{ttl}} min.",
        warning="Ne communiquez ce code à personne. Nous ne vous le demanderons jamais.",
        unasked="Si vous n’avez pas demandé ce code, ignorez cet e-mail.",
    ),
    "de": Words(
        sms="{{code}} ist Ihr {{brand_name}}-Code. Er ist {{ttl}} Min. gültig. "
        "Geben Sie ihn an niemanden weiter.",
        chat="{{code}} ist Ihr Bestätigungscode für {{brand_name}}. Er ist {{ttl}} Min. gültig. "
        "Geben Sie ihn zu Ihrer Sicherheit an niemanden weiter.",
        voice="Guten Tag. Ihr Bestätigungscode für {{brand_name}} lautet: {{code}}. "
        "Ich wiederhole, Ihr Code lautet: {{code}}. Geben Sie ihn an niemanden weiter. "
        "Auf Wiederhören.",
        subject="Ihr Bestätigungscode für {{brand_name}}",
        lead="Ihr Bestätigungscode für {{brand_name}} lautet:",
        expiry="Er ist {{ttl}} Min. gültig.",
        warning="Geben Sie diesen Code an niemanden weiter. Wir werden Sie nie danach fragen.",
        unasked="Wenn Sie diesen Code nicht angefordert haben, können Sie diese E-Mail ignorieren.",
    ),
    "ar": Words(
        sms="{{code}} رمز التحقق من {{brand_name}}، صالح {{ttl}} دقائق. لا تشاركه مع أحد.",
        chat="{{code}} هو رمز التحقق الخاص بك من {{brand_name}}، صالح لمدة {{ttl}} دقائق. "
        "حفاظًا على أمانك، لا تشاركه مع أحد.",
        voice="مرحبًا. رمز التحقق الخاص بك من {{brand_name}} هو: {{code}}. "
        "مرة أخرى، رمزك هو: {{code}}. لا تشاركه مع أحد. مع السلامة.",
        subject="رمز التحقق الخاص بك من {{brand_name}}",
        lead="رمز التحقق الخاص بك من {{brand_name}} هو:",
        expiry="الرمز صالح لمدة {{ttl}} دقائق.",
        warning="لا تشارك هذا الرمز مع أحد. لن نطلبه منك أبدًا.",
        unasked="إذا لم تطلب هذا الرمز، فيمكنك تجاهل هذه الرسالة.",
    ),
    "he": Words(
        sms="{{code}} קוד האימות מ-{{brand_name}}, בתוקף {{ttl}} דקות. אין למסור אותו לאיש.",
        chat="{{code}} הוא קוד האימות שלך מ-{{brand_name}}, בתוקף ל-{{ttl}} דקות. "
        "למען ביטחונך, אין למסור אותו לאיש.",
        voice="שלום. קוד האימות שלך מ-{{brand_name}} הוא: {{code}}. "
        "שוב, הקוד שלך הוא: {{code}}. אין למסור אותו לאיש. להתראות.",
        subject="קוד האימות שלך מ-{{brand_name}}",
        lead="קוד האימות שלך מ-{{brand_name}} הוא:",
        expiry="הקוד בתוקף ל-{{ttl}} דקות.",
        warning="אין למסור את הקוד לאיש. לעולם לא נבקש אותו ממך.",
        unasked="אם לא ביקשת קוד זה, אפשר להתעלם מההודעה.",
    ),
    "hi": Words(
        sms="{{code}} आपका {{brand_name}} कोड है, {{ttl}} मिनट तक मान्य। किसी को न बताएँ।",
        chat="{{code}} आपका {{brand_name}} सत्यापन कोड है, {{ttl}} मिनट तक मान्य। "
        "अपनी सुरक्षा के लिए यह कोड किसी को न बताएँ।",
        voice="नमस्ते। आपका {{brand_name}} सत्यापन कोड है: {{code}}। "
        "एक बार फिर, आपका कोड है: {{code}}। यह कोड किसी को न बताएँ। धन्यवाद।",
        subject="आपका {{brand_name}} सत्यापन कोड",
        lead="आपका {{brand_name}} सत्यापन कोड है:",
        expiry="यह {{ttl}} मिनट तक मान्य है।",
        warning="यह कोड किसी को न बताएँ। हम इसे आपसे कभी नहीं माँगेंगे।",
        unasked="यदि आपने यह कोड नहीं माँगा है, तो इस ईमेल को अनदेखा करें।",
    ),
}
"""The words of each language; `default` is English."""

PAGE = """\
<!doctype html>
<html lang="{lang}" dir="{dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{subject}</title>
</head>
<body style="margin:0;padding:24px;background:#ffffff;color:#1a1a1a;font:16px/1.5 sans-serif">
<main>
<p>{lead}</p>
<p style="font-size:32px;font-weight:bold;letter-spacing:4px;margin:16px 0">{{{{code}}}}</p>
<p>{expiry}</p>
<p>{warning}</p>
<p style="color:#595959">{unasked}</p>
</main>
</body>
</html>
"""
"""An email's HTML: no image, no link, no script, and a contrast of at least 7:1 (WCAG AAA)."""


def templates(
    brand_name: str = BRAND, table: Mapping[str, tuple[str, str]] = BUILT_IN
) -> tuple[Template, ...]:
    """The templates of a table, approved, for a project of this brand (2 to 10 characters)."""
    return tuple(
        Template(
            id=name,
            strategy=(steps := parse_strategy(strategy)),
            contents={step: contents_of(step) for step in steps if step not in CODELESS},
            description=description,
            brand_name=brand_name,
            status=Status.APPROVED,
        )
        for name, (strategy, description) in table.items()
    )


def contents_of(channel: Channel) -> Mapping[str, Content]:
    """What a channel says in every language; messengers without words of their own use `chat`."""
    say = {
        Channel.SMS: lambda words, language: Content(words.sms),
        Channel.VOICE: lambda words, language: Content(words.voice),
        Channel.EMAIL: _email,
    }.get(channel, lambda words, language: Content(words.chat))
    contents = {language: say(words, language) for language, words in WORDS.items()}
    return {DEFAULT_LANGUAGE: contents["en"], **contents}


def _email(words: Words, language: str) -> Content:
    reading = "rtl" if is_right_to_left(words.lead) else "ltr"
    parts = (words.lead, "{{code}}", words.expiry, words.warning, words.unasked)
    page = PAGE.format(
        lang=language.replace("_", "-"), dir=reading, **msgspec.structs.asdict(words)
    )
    return Content("\n\n".join(parts), words.subject, page)
