"""`/v/...`: a person types a code, without a key and without JavaScript.

GET changes nothing, so a scanner of links approves nothing.  A submitted code goes the way of
every check: through the operation, as a caller that may do nothing else.
"""

from urllib.parse import parse_qsl

from watchword_server.api.answer import HTML, Answer, Header
from watchword_server.api.hosted import page
from watchword_server.api.hosted.words import Spoken, spoken
from watchword_server.api.in_process import InProcess
from watchword_server.api.request import Headers, HttpSubmission
from watchword_server.api.routing import wrong_method
from watchword_server.domain import ids
from watchword_server.domain.errors import UNKNOWN_ID, WRONG_CONTENT_TYPE, Problem
from watchword_server.domain.verification import Status
from watchword_server.runtime import Runtime
from watchword_server.services.hosted_pages import PATH, View

_METHODS = ("GET", "HEAD", "POST")
_FORM = b"application/x-www-form-urlencoded"
_LONGEST = 32
_MOST_FIELDS = 5
_OK, _GONE, _TOO_MANY = 200, 410, 429


class HostedFace:
    """Answers hosted pages."""

    def __init__(self, runtime: Runtime) -> None:
        self._pages = runtime.services.hosted_pages
        self._api = InProcess(runtime)

    async def answer(
        self, method: str, path: str, headers: Headers, client: str, sent: HttpSubmission
    ) -> Answer:
        """The page, or what became of a submitted code.

        Raises:
            Problem: WRONG_METHOD, BODY_TOO_LARGE, WRONG_CONTENT_TYPE: nothing a browser does.
        """
        if method not in _METHODS:
            raise wrong_method(_METHODS)
        wanted = headers.get(b"accept-language", b"")
        try:
            view = await self._pages.open(path[len(PATH) :], client)
        except Problem as refusal:
            return _refused(refusal, spoken(wanted, "en"))
        language = spoken(wanted, view.language)
        if method != "POST":
            return _shown(view, language)
        return await self._checked(view, language, await _code(headers, sent))

    async def _checked(self, view: View, language: Spoken, code: str) -> Answer:
        """Submit a code; an empty one is asked for again, and not counted."""
        if view.status is not Status.PENDING or not code.strip(" -"):
            return _shown(view, language)
        body = {"message_id": ids.text(ids.Prefix.VERIFICATION, view.verification)}
        status, answer = await self._api.call(
            "checkVerification", view.caller, body=body | {"verify_code": code}
        )
        if status == _OK and answer["status"] == Status.PENDING:
            said = language.words.wrong.format(left=answer["checks_left"])
            return _form(view, language, said)
        if status == _OK:
            return _ended(view, language, Status(answer["status"]))
        if status == _TOO_MANY:
            return _over(view, language, language.words.locked, _TOO_MANY, answer["retry_after"])
        reason = answer.get("reason")
        return _ended(view, language, Status.APPROVED if reason == "approved" else Status.EXPIRED)


async def _code(headers: Headers, sent: HttpSubmission) -> str:
    """The submitted code."""
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != _FORM:
        raise Problem(WRONG_CONTENT_TYPE, "This page takes its own form only.")
    raw = (await sent.raw()).decode("utf-8", "replace")
    try:
        fields = dict(parse_qsl(raw, max_num_fields=_MOST_FIELDS))
    except ValueError:
        fields = {}
    return fields.get("code", "").strip()[:_LONGEST]


def _shown(view: View, language: Spoken) -> Answer:
    if view.status is Status.PENDING:
        return _form(view, language, "")
    return _ended(view, language, view.status)


def _form(view: View, language: Spoken, said: str) -> Answer:
    words = language.words
    sent = page.isolated(words.sent, brand=view.brand, address=view.masked)
    body = page.render(
        language, title=words.title, brand=view.brand, said=said, sent=sent,
        numeric=view.is_numeric, form=True,
    )  # fmt: skip
    return _answer(_OK, body)


def _ended(view: View, language: Spoken, status: Status) -> Answer:
    if status is Status.APPROVED:
        return _over(view, language, language.words.approved, _OK)
    said = language.words.locked if status is Status.EXHAUSTED else language.words.ended
    return _over(view, language, said, _GONE)


def _over(
    view: View, language: Spoken, said: str, status: int, retry_after: int | None = None
) -> Answer:
    text = page.isolated(said, brand=view.brand)
    body = page.render(language, title=language.words.title, brand=view.brand, said=text)
    return _answer(status, body, retry_after)


def _refused(refusal: Problem, language: Spoken) -> Answer:
    """A page that tells nothing: unknown, forged and foreign are alike."""
    words = language.words
    said = words.unknown if refusal.kind is UNKNOWN_ID else words.slower
    body = page.render(language, title=words.title, said=said)
    return _answer(refusal.kind.status, body, refusal.retry_after)


def _answer(status: int, body: bytes, retry_after: int | None = None) -> Answer:
    headers: list[Header] = [
        (b"content-security-policy", page.policy()),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-robots-tag", b"noindex"),
        (b"vary", b"accept-language"),
    ]
    if retry_after is not None:
        headers.append((b"retry-after", b"%d" % retry_after))
    return Answer(status, body, HTML, tuple(headers))
