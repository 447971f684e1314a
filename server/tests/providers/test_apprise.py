"""The provider `apprise`, through a real service of its: `json://` to a receiver on loopback."""

import asyncio
import logging

import pytest

from providers.contract import CODE, ProviderContract, Situation, message
from providers.vendor_peer import Answered, setup, vendor
from watchword_server import providers
from watchword_server.domain.delivery import Reason, Receipt
from watchword_server.domain.errors import Misconfigured
from watchword_server.egress.network import GuardedNetwork
from watchword_server.ports.providers import Rejected, Unavailable, Uncertain
from watchword_server.providers import apprise_urls
from watchword_server.providers.apprise_urls import AppriseUrls, Settings

SECRET = "hunter2secret"
STATUSES = {"+447700900400": 400, "+447700900401": 401, "+447700900500": 500,
            "+447700900302": 302, "+447700900429": 429, "+447700900402": 402}  # fmt: skip


class Peer:
    """Takes what Apprise's `json://` posts, and nothing else."""

    def __init__(self):
        self.heard = []
        self.url = ""

    def __call__(self, heard):
        fields = {"version", "title", "message", "attachments", "type"}
        if heard.method != "POST" or set(heard.json) != fields or heard.json["attachments"]:
            return Answered(400)
        self.heard.append(heard)
        to = heard.path.rpartition("/")[2].replace("%2B", "+")
        if to == "+447700900000":
            return Answered(hang_up=True)
        return Answered(STATUSES.get(to, 200), headers={"location": "http://127.0.0.1:1/"})


@pytest.fixture
async def peer():
    made = Peer()
    async with vendor(made) as url:
        made.url = url.replace("http://", f"json://user:{SECRET}@") + "/hook/{to}"
        yield made


def sms(to="+447700900123", **changes):
    return message(**{"to": to, "channel": "sms", "subject": None} | changes)


def account(url, **more):
    return AppriseUrls(providers.settings("apprise", {"url": url, **more}), setup())


async def ended(url, sent=None, given=None):
    provider = account(url) if given is None else AppriseUrls(Settings(url=url), given)
    try:
        return await provider.send(sent or sms())
    except (Rejected, Unavailable, Uncertain) as error:
        return error
    finally:
        await provider.aclose()


class TestContract(ProviderContract):
    @pytest.fixture
    async def situations(self, peer):
        ends = {
            "+447700900123": Receipt, "+447700900400": Rejected, "+447700900401": Unavailable,
            "+447700900500": Uncertain, "+447700900302": Unavailable, "+447700900000": Uncertain,
        }  # fmt: skip
        return {
            to: Situation(lambda: account(peer.url), end, sms(to), (SECRET,))
            for to, end in ends.items()
        }


async def test_a_message_goes_to_the_recipient_in_the_url(peer):
    assert await account(peer.url).send(sms(text=f"{CODE} :smile: \\n <b>é")) == Receipt()
    (heard,) = peer.heard
    assert heard.path == "/hook/+447700900123"
    assert heard.json["message"] == f"{CODE} :smile: \\n <b>é"
    assert heard.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("to", "kind", "reason", "raw"),
    [
        ("+447700900400", Rejected, Reason.OTHER, "HTTP 400"),
        ("+447700900401", Unavailable, Reason.MISCONFIGURED, "HTTP 401"),
        ("+447700900402", Unavailable, Reason.NO_CREDIT, "HTTP 402"),
        ("+447700900429", Unavailable, Reason.THROTTLED, "HTTP 429"),
        ("+447700900500", Uncertain, None, "HTTP 500"),
        ("+447700900000", Uncertain, None, "Apprise says that it failed, and not how"),
    ],
)
async def test_a_failure_means_what_its_status_says(peer, to, kind, reason, raw):
    error = await ended(peer.url, sms(to))
    assert (type(error), getattr(error, "reason", None), error.raw) == (kind, reason, raw)
    assert len(peer.heard) == 1


async def test_a_redirect_is_not_followed(peer):
    error = await ended(peer.url, sms("+447700900302"))
    assert (type(error), error.raw) == (Unavailable, "HTTP 302")


@pytest.mark.parametrize("to", ["+1 2", "a@b.example,c@d.example", "a;b@c.example", "", "@@", "x"])
async def test_what_is_not_one_recipient_is_not_sent(peer, to):
    error = await ended(peer.url, sms(to))
    assert (type(error), error.reason) == (Rejected, Reason.INVALID_RECIPIENT)
    assert peer.heard == []


async def nothing_private_is_called(make=AppriseUrls):
    heard = []
    async with vendor(lambda one: heard.append(one) or Answered()) as url:
        guarded = setup()
        given = type(guarded)(
            account="acme", callback_url="", network=GuardedNetwork(guarded.now),
            now=guarded.now, entropy=bytes,
        )  # fmt: skip
        for name in ("127.0.0.1", "localhost"):
            to = url.replace("http", "json").replace("127.0.0.1", name) + "/{to}"
            provider = make(Settings(url=to), given)
            with pytest.raises(Unavailable, match="misconfigured") as caught:
                await provider.send(sms())
            assert caught.value.raw == "the destination may not be called: loopback"
            await provider.aclose()
    assert heard == []


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("mailtos://u:p@example.com?smtp=127.0.0.1&to={to}", "127.0.0.1"),
        ("gotify://10.0.0.1/abcdefghijklmno?x={to}", "10.0.0.1"),
        ("signal://[::1]:8080/+15550100001/{to}", "::1"),
    ],
)
async def test_the_host_that_is_judged_is_the_one_that_is_called(url, host):
    judged = []

    class Judge(GuardedNetwork):
        async def connect(self, host, port, **more):
            judged.append(host)
            return await super().connect(host, port, **more)

    plain = setup()
    given = type(plain)(
        account="acme", callback_url="", network=Judge(plain.now), now=plain.now, entropy=bytes
    )
    to = "a@example.org" if url.startswith("mail") else "+447700900123"
    error = await ended(url, sms(to), given)
    assert (type(error), error.reason, judged) == (Unavailable, Reason.MISCONFIGURED, [host])


async def test_a_host_that_is_only_a_name_in_mails_is_not_judged():
    class Never:
        async def connect(self, *asked, **more):
            raise AssertionError("it was")

    made = account("mailgun://user@example.com/0123456789abcdef/{to}", channels=["email"])
    made._setup = type(made._setup)(
        account="acme", callback_url="", network=Never(), now=lambda: 0, entropy=bytes
    )
    assert await made._judged(apprise_urls._service(made._settings.url, "a@example.org")) is None


async def test_a_private_destination_is_not_called():
    await nothing_private_is_called()


async def test_a_private_destination_is_not_called_mutant_is_caught():
    class Trusting(AppriseUrls):
        async def _judged(self, service):
            return None

    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await nothing_private_is_called(Trusting)


async def test_a_service_that_is_not_there_has_sent_nothing(peer):
    gone = peer.url
    async with vendor(peer) as url:
        gone = url.replace("http", "json") + "/{to}"
    error = await ended(gone)
    assert (type(error), error.reason) == (Unavailable, Reason.PROVIDER_DOWN)


async def test_a_service_that_never_answers_is_given_up_in_time(monkeypatch):
    async def silent(heard):
        await asyncio.Event().wait()

    monkeypatch.setattr(apprise_urls, "_TOTAL_S", 0.3)
    async with vendor(silent) as url:
        error = await ended(url.replace("http", "json") + "/{to}?rto=1")
    assert type(error) is Uncertain


async def test_a_hand_over_that_never_got_a_thread_has_sent_nothing(monkeypatch):
    async def silent(heard):
        await asyncio.Event().wait()

    monkeypatch.setattr(apprise_urls, "_TOTAL_S", 0.4)
    monkeypatch.setattr(apprise_urls, "_THREADS", 1)
    async with vendor(silent) as url:
        provider = account(url.replace("http", "json") + "/{to}?rto=1")
        ends = await asyncio.gather(
            *(provider.send(sms()) for _ in range(2)), return_exceptions=True
        )
        await provider.aclose()
    assert [type(end) for end in ends] == [Uncertain, Unavailable]
    assert ends[1].reason is Reason.THROTTLED


async def test_a_closed_account_sends_nothing(peer):
    provider = account(peer.url)
    await provider.aclose()
    with pytest.raises(Unavailable):
        await provider.send(sms())


async def test_nothing_of_it_is_logged(peer, caplog, capfd):
    with caplog.at_level(0):
        for to in STATUSES:
            await ended(peer.url, sms(to))
    shown = caplog.text + "".join(capfd.readouterr())
    assert CODE not in shown and SECRET not in shown and "4477009004" not in shown
    assert logging.getLogger("apprise").propagate is False


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("json://gw.example.com/all", "without {to}"),
        ("json://gw.example.com/{too}", "its variables are"),
        ("json://gw.example.com/{to", "its variables are"),
        ("json://gw.example.com/{text}/{to}", "its variables are"),
        ("pigeon://gw.example.com/{to}", "no service of that name"),
        ("https://gw.example.com/{to}", "no service of that name"),
        ("file:///etc/{to}", "no service of that name"),
        ("{to}", "no service of that name"),
        ("syslog://{to}", "the server's own machine"),
        ("vapid://a@example.com/{to}", "the server's own machine"),
        ("json://gw.example.com/{to}?verify=no", "remove the parameter verify"),
        ("json://gw.example.com/{to}?Redirect=yes", "remove the parameter redirect"),
        ("json://gw.example.com/{to}?retry=3", "remove the parameter retry"),
        ("mailtos://u:p@example.com?to={to}&pgpkey=/etc/passwd", "remove the parameter pgpkey"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js/{to}?template=/etc/passwd", "a file"),
        ("slack://bot@T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/{to}?template=/etc/passwd",
         "a file"),
        ("twilio://{to}", "cannot read it"),
    ],
)  # fmt: skip
def test_a_url_that_cannot_be_used_is_refused_when_it_is_saved(url, words):
    with pytest.raises(Misconfigured, match="url: ") as caught:
        providers.settings("apprise", {"url": url})
    assert words in str(caught.value)
    assert "/etc" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(apprise_urls.LOCAL))
def test_a_service_of_this_machine_is_refused_wherever_it_could_run(name):
    with pytest.raises(Misconfigured, match="own machine"):
        Settings(url=f"{name}://{{to}}")


@pytest.mark.parametrize(
    "url",
    [
        "twilio://AC0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef@15550100001/{to}",
        "vonage://abcdefgh:abcdefghijklmnop@15550100001/{to_digits}",
        "seven://0123456789abcdef/{to}",
        "clickatell://abcdefghijklmnop/{to_digits}",
        "46elks://user:password@{to}",
        "signal://127.0.0.1:8080/+15550100001/{to}",
    ],
)
def test_services_that_send_sms_are_read(url):
    assert Settings(url=url).channels == ("sms",)


def test_mail_needs_the_channel_email():
    made = Settings(url="mailtos://user:pass@example.com?to={to}", channels=("email",))
    assert account(made.url, channels=["email"]).channels == {"email"}
    with pytest.raises(Misconfigured, match="channels: use email"):
        Settings(url=made.url, channels=("pigeon",))
