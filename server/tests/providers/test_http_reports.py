"""Callbacks of the provider `http`: right, tampered with, unsigned, and what is none."""

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from providers.test_http_gateway import gateway
from providers.vendor_peer import CALLBACK_URL
from watchword_server.domain.delivery import DeliveryStatus, Reason
from watchword_server.domain.inbound import Report
from watchword_server.ports.providers import Callback, Forged, Unreadable
from watchword_server.providers.http_gateway import HttpGateway

ARRIVED = {"ref": "gw-4711", "state": "DELIVRD"}
SIGNED = {"report_check": "hmac_sha256", "report_secret_at": "header:x-signature"}


def callback(body=ARRIVED, query="?key=report-secret-77", method="POST", **headers):
    url = CALLBACK_URL + query
    return Callback(
        method=method, url=url, query=dict(parse_qsl(urlsplit(url).query)),
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
    )  # fmt: skip


def signature(body, secret="report-secret-77"):
    return hmac.new(secret.encode(), json.dumps(body).encode(), hashlib.sha256)


def test_a_delivered_message_is_reported():
    (report,) = gateway().told(callback()).inbound
    assert report == Report(references=("gw-4711",), status=DeliveryStatus.DELIVERED, raw="DELIVRD")


@pytest.mark.parametrize(
    ("code", "reason"),
    [("21", Reason.INVALID_RECIPIENT), ("52", Reason.OPTED_OUT), ("7", Reason.OTHER)],
)
def test_an_undelivered_one_has_its_reason_and_the_raw_code(code, reason):
    body = {"ref": "gw-4711", "state": "UNDELIV", "err": code}
    (report,) = gateway(report_error_at="/err").told(callback(body)).inbound
    assert (report.status, report.reason) == (DeliveryStatus.UNDELIVERED, reason)
    assert report.raw == f"UNDELIV {code}"


def test_a_number_in_a_code_is_not_kept():
    body = {"ref": "gw-4711", "state": "UNDELIV", "err": "no such number: +447700900123"}
    (report,) = gateway(report_error_at="/err").told(callback(body)).inbound
    assert report.raw == "UNDELIV no such number: ***"


def test_a_status_may_be_its_own_reason():
    made = gateway(report_undelivered=["REJECTD"], failures={"REJECTD": "blocked_by_carrier"})
    (report,) = made.told(callback({"ref": "1", "state": "REJECTD"})).inbound
    assert report.reason is Reason.BLOCKED_BY_CARRIER


def test_a_step_on_the_way_is_taken_and_says_nothing():
    assert gateway().told(callback({"ref": "gw-4711", "state": "ENROUTE"})).inbound == ()


def test_several_reports_in_one_callback_are_all_taken():
    body = {"all": [ARRIVED, {"ref": "gw-2", "state": "UNDELIV"}, {"ref": "3", "state": "SENT"}]}
    told = gateway(report_list_at="/all", report_answer="ACK").told(callback(body))
    assert [report.references for report in told.inbound] == [("gw-4711",), ("gw-2",)]
    assert told.answer == b"ACK"


def test_a_callback_may_be_a_query_or_a_form():
    by_query = gateway(report_id_at="query:id", report_status_at="query:s")
    (report,) = by_query.told(callback(b"", "?key=report-secret-77&id=9&s=DELIVRD", "GET")).inbound
    assert report.references == ("9",)
    by_form = gateway(report_id_at="form:id", report_status_at="form:s")
    assert by_form.told(callback(b"id=9&s=DELIVRD")).inbound == (report,)


@pytest.mark.parametrize("spelled", ["hex", "upper", "base64", "prefixed"])
def test_a_signature_over_the_body_is_taken_however_it_is_spelled(spelled):
    right = signature(ARRIVED)
    value = {
        "hex": right.hexdigest(), "upper": right.hexdigest().upper(),
        "base64": base64.b64encode(right.digest()).decode(),
        "prefixed": f"sha256={right.hexdigest()}",
    }[spelled]  # fmt: skip
    assert gateway(**SIGNED).told(callback(query="", x_signature=value)).inbound


class Believing(HttpGateway):
    """Takes every callback for signed: compares the secret that it was given with itself."""

    def told(self, callback):
        query = {**callback.query, "key": "report-secret-77"}
        right = hmac.new(b"report-secret-77", callback.body, hashlib.sha256).hexdigest()
        return super().told(
            Callback(
                method=callback.method, url=callback.url, query=query,
                headers={"x-signature": right}, body=callback.body,
            )
        )  # fmt: skip


def believes_nobody(make=HttpGateway):
    """Without the secret, or with what is signed by another, a callback is forged."""
    for given in (
        callback(query=""),
        callback(query="?key=report-secret-78"),
        callback(query="?key="),
    ):
        with pytest.raises(Forged):
            make(gateway()._settings, gateway()._setup).told(given)
    signed = gateway(**SIGNED)
    right, other = signature(ARRIVED).hexdigest(), {"ref": "gw-1", "state": "DELIVRD"}
    for given in (
        callback(other, x_signature=right),
        callback(x_signature=signature(ARRIVED, "report-secret-78").hexdigest()),
        callback(x_signature="é"),
        callback(x_signature=""),
        callback(),
    ):
        with pytest.raises(Forged):
            make(signed._settings, signed._setup).told(given)


def test_a_callback_that_cannot_prove_whose_it_is_is_forged():
    believes_nobody()


def test_a_callback_that_cannot_prove_whose_it_is_is_forged_mutant_is_caught():
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        believes_nobody(Believing)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff", {"ref": "1"}, {"state": "DELIVRD"}, {"ref": {}, "state": 1}]
)
def test_what_is_no_report_is_unreadable(body):
    with pytest.raises(Unreadable):
        gateway().told(callback(body))


def test_a_gateway_that_does_not_report_takes_no_callback():
    silent = dict.fromkeys(
        ("report_id_at", "report_status_at", "report_secret", "report_secret_at")
    ) | {"report_delivered": [], "report_undelivered": []}
    made = gateway(**silent, json={"to": "{to}", "text": "{text}"})
    assert made.reports is False
    assert gateway().reports is True
    with pytest.raises(Unreadable):
        made.told(callback())
