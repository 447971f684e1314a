"""What the hosted page says, in every language of the built-in templates."""

from collections.abc import Mapping
from typing import NamedTuple

from watchword_server.domain.template import DEFAULT_LANGUAGE, TemplateError, fallbacks

_MOST_TAGS = 20


class Words(NamedTuple):
    """The texts of one language; `{brand}`, `{address}` and `{left}` are filled in."""

    title: str
    sent: str
    code: str
    submit: str
    wrong: str
    approved: str
    ended: str
    locked: str
    slower: str
    warning: str
    unknown: str


WORDS: Mapping[str, Words] = {
    "en": Words(
        "Enter your code", "{brand} sent a code to {address}.", "Code", "Confirm",
        "That code is not right. Tries left: {left}.", "Confirmed. You can close this page.",
        "This request is over. Ask {brand} for a new code.",
        "Too many wrong codes. Ask {brand} for help.",
        "Too many requests. Wait a minute and try again.",
        "Type the code only here. Do not tell it to anyone, not even to an AI assistant.",
        "There is no such page.",
    ),
    "zh_CN": Words(
        "输入验证码", "{brand} 已将验证码发送至 {address}。", "验证码", "确认",
        "验证码不正确。剩余次数：{left}。", "验证成功。您可以关闭此页面。",
        "此请求已结束。请向 {brand} 重新获取验证码。", "错误次数过多。请联系 {brand}。",
        "请求过于频繁。请一分钟后再试。", "请只在此处输入验证码。请勿告知他人，包括 AI 助手。",
        "没有此页面。",
    ),
    "zh_HK": Words(
        "輸入驗證碼", "{brand} 已將驗證碼傳送至 {address}。", "驗證碼", "確認",
        "驗證碼不正確。剩餘次數：{left}。", "驗證成功。你可以關閉此頁面。",
        "此要求已結束。請向 {brand} 重新取得驗證碼。", "錯誤次數過多。請聯絡 {brand}。",
        "要求過於頻繁。請一分鐘後再試。", "請只在此處輸入驗證碼。切勿告知他人，包括 AI 助理。",
        "沒有此頁面。",
    ),
    "ja": Words(
        "コードを入力", "{brand} が {address} にコードを送信しました。", "コード", "確認",
        "コードが正しくありません。残り回数：{left}。",
        "確認できました。このページを閉じてください。",
        "このリクエストは終了しました。{brand} で新しいコードを取得してください。",
        "間違いが多すぎます。{brand} にお問い合わせください。",
        "リクエストが多すぎます。1分後にもう一度お試しください。",
        "コードはここだけに入力してください。AIアシスタントを含め、誰にも教えないでください。",
        "このページはありません。",
    ),
    "th": Words(
        "ป้อนรหัส", "{brand} ส่งรหัสไปที่ {address} แล้ว", "รหัส", "ยืนยัน",
        "รหัสไม่ถูกต้อง เหลืออีก {left} ครั้ง", "ยืนยันแล้ว คุณปิดหน้านี้ได้",
        "คำขอนี้สิ้นสุดแล้ว โปรดขอรหัสใหม่จาก {brand}", "ป้อนรหัสผิดหลายครั้งเกินไป โปรดติดต่อ {brand}",
        "มีคำขอมากเกินไป โปรดรอหนึ่งนาทีแล้วลองอีกครั้ง",
        "ป้อนรหัสที่นี่เท่านั้น ห้ามบอกผู้อื่น รวมถึงผู้ช่วย AI", "ไม่มีหน้านี้",
    ),
    "es": Words(
        "Escribe tu código", "{brand} envió un código a {address}.", "Código", "Confirmar",
        "El código no es correcto. Intentos restantes: {left}.",
        "Confirmado. Puedes cerrar esta página.",
        "Esta solicitud ha terminado. Pide un código nuevo a {brand}.",
        "Demasiados códigos incorrectos. Pide ayuda a {brand}.",
        "Demasiadas solicitudes. Espera un minuto e inténtalo de nuevo.",
        "Escribe el código solo aquí. No se lo digas a nadie, ni a un asistente de IA.",
        "Esta página no existe.",
    ),
    "pt": Words(
        "Digite o seu código", "{brand} enviou um código para {address}.", "Código", "Confirmar",
        "O código não está certo. Tentativas restantes: {left}.",
        "Confirmado. Pode fechar esta página.",
        "Este pedido terminou. Peça um novo código a {brand}.",
        "Demasiados códigos errados. Peça ajuda a {brand}.",
        "Demasiados pedidos. Aguarde um minuto e tente de novo.",
        "Digite o código apenas aqui. Não o diga a ninguém, nem a um assistente de IA.",
        "Esta página não existe.",
    ),
    "fr": Words(
        "Saisissez votre code", "{brand} a envoyé un code à {address}.", "Code", "Confirmer",
        "Ce code n’est pas le bon. Essais restants : {left}.",
        "Confirmé. Vous pouvez fermer cette page.",
        "Cette demande est terminée. Demandez un nouveau code à {brand}.",
        "Trop de codes erronés. Demandez de l’aide à {brand}.",
        "Trop de requêtes. Attendez une minute et réessayez.",
        "Saisissez le code uniquement ici. Ne le donnez à personne, pas même à un assistant IA.",
        "Cette page n’existe pas.",
    ),
    "de": Words(
        "Code eingeben", "{brand} hat einen Code an {address} gesendet.", "Code", "Bestätigen",
        "Der Code stimmt nicht. Verbleibende Versuche: {left}.",
        "Bestätigt. Sie können diese Seite schließen.",
        "Diese Anfrage ist beendet. Fordern Sie bei {brand} einen neuen Code an.",
        "Zu viele falsche Codes. Wenden Sie sich an {brand}.",
        "Zu viele Anfragen. Warten Sie eine Minute und versuchen Sie es erneut.",
        "Geben Sie den Code nur hier ein. Nennen Sie ihn niemandem, auch keinem KI-Assistenten.",
        "Diese Seite gibt es nicht.",
    ),
    "ar": Words(
        "أدخل الرمز", "أرسل {brand} رمزًا إلى {address}.", "الرمز", "تأكيد",
        "الرمز غير صحيح. المحاولات المتبقية: {left}.", "تم التأكيد. يمكنك إغلاق هذه الصفحة.",
        "انتهى هذا الطلب. اطلب رمزًا جديدًا من {brand}.",
        "عدد كبير جدًا من الرموز الخاطئة. اطلب المساعدة من {brand}.",
        "طلبات كثيرة جدًا. انتظر دقيقة ثم حاول مرة أخرى.",
        "أدخل الرمز هنا فقط. لا تخبر به أحدًا، ولا حتى مساعد ذكاء اصطناعي.",
        "لا توجد صفحة كهذه.",
    ),
    "he": Words(
        "הזנת הקוד", "{brand} שלחה קוד אל {address}.", "קוד", "אישור",
        "הקוד שגוי. ניסיונות שנותרו: {left}.", "אושר. אפשר לסגור את הדף.",
        "הבקשה הסתיימה. יש לבקש קוד חדש מ־{brand}.",
        "יותר מדי קודים שגויים. יש לפנות אל {brand}.",
        "יותר מדי בקשות. יש להמתין דקה ולנסות שוב.",
        "יש להזין את הקוד רק כאן. אין למסור אותו לאיש, גם לא לעוזר בינה מלאכותית.",
        "אין דף כזה.",
    ),
    "hi": Words(
        "अपना कोड डालें", "{brand} ने {address} पर कोड भेजा है।", "कोड", "पुष्टि करें",
        "यह कोड सही नहीं है। शेष प्रयास: {left}।", "पुष्टि हो गई। आप यह पेज बंद कर सकते हैं।",
        "यह अनुरोध समाप्त हो गया है। {brand} से नया कोड माँगें।",
        "बहुत अधिक गलत कोड। {brand} से सहायता माँगें।",
        "बहुत अधिक अनुरोध। एक मिनट रुककर फिर कोशिश करें।",
        "कोड केवल यहीं डालें। इसे किसी को न बताएँ, AI सहायक को भी नहीं।",
        "ऐसा कोई पेज नहीं है।",
    ),
}  # fmt: skip

_RIGHT_TO_LEFT = frozenset({"ar", "he"})
_TAGS = {"zh_CN": "zh-Hans", "zh_HK": "zh-Hant"}


class Spoken(NamedTuple):
    """A language of the page: its words, its tag (BCP 47) and its direction."""

    words: Words
    tag: str
    direction: str


def spoken(accept: bytes, otherwise: str) -> Spoken:
    """The language a reader asks for by Accept-Language, else that of the message."""
    for wanted in (*_accepted(accept), otherwise):
        try:
            chain = fallbacks(wanted)
        except TemplateError:
            continue
        for tag in chain[: chain.index(DEFAULT_LANGUAGE)]:
            if tag in WORDS:
                return _named(tag)
    return _named("en")


def _named(tag: str) -> Spoken:
    direction = "rtl" if tag in _RIGHT_TO_LEFT else "ltr"
    return Spoken(WORDS[tag], _TAGS.get(tag, tag), direction)


def _accepted(accept: bytes) -> list[str]:
    """The tags of an Accept-Language field, most wanted first (RFC 9110, section 12.5.4)."""
    weighed = []
    for part in accept.decode("latin-1").split(",")[:_MOST_TAGS]:
        tag, _, parameter = part.partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if tag.strip() and weight > 0:
            weighed.append((-weight, tag.strip()))
    return [tag for _, tag in sorted(weighed, key=lambda one: one[0])]
