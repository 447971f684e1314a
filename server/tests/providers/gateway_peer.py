"""A gateway as there are many: refuses what its contract refuses, and answers with codes."""

from providers.vendor_peer import Answered, Heard

TOKEN = "tok-5a1e9c"
CODES = {
    "+447700900001": (400, "21"), "+447700900002": (200, "52"), "+447700900003": (503, ""),
    "+447700900004": (429, ""), "+447700900005": (402, ""), "+447700900006": (200, "99"),
    "+447700900007": (500, "71"), "+447700900008": (302, ""),
}  # fmt: skip
"""How it answers a recipient: a status and its own code."""


class Gateway:
    """JSON over POST with a bearer token; an unknown field or type is an error.

    Attributes:
        heard: every request that was taken.
    """

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.heard: list[Heard] = []

    def __call__(self, heard: Heard) -> Answered:
        if heard.headers.get("authorization") != f"Bearer {self.token}":
            return Answered(401, {"error": {"code": "20", "text": f"no, {self.token}"}})
        refusal = self.refused(heard)
        if refusal:
            return Answered(422, {"error": {"code": "30", "text": refusal}})
        self.heard.append(heard)
        to = heard.json["messages"][0]["to"]
        if to in CODES:
            status, code = CODES[to]
            return Answered(status, {"error": {"code": code, "text": f"no {to}"}} if code else {})
        if to == "+447700900009":
            return Answered(hang_up=True)
        return Answered(202, {"result": {"state": "queued", "id": "gw-4711"}})

    def refused(self, heard: Heard) -> str:
        """What is wrong with a request; empty if nothing is."""
        if (heard.method, heard.path) != ("POST", "/v2/send"):
            return "no such method"
        if heard.headers.get("content-type") != "application/json":
            return "wrong content type"
        body = heard.json
        (message,) = body["messages"]
        if set(body) != {"messages", "dlr"} or set(message) != {"to", "from", "body", "ref"}:
            return "unknown or missing field"
        return "" if message["to"].startswith("+") and message["body"] else "wrong value"


class Plain:
    """An older one: GET, a password in the query, an answer in words."""

    def __call__(self, heard: Heard) -> Answered:
        wanted = {"user", "password", "to", "text"}
        if set(heard.query) != wanted or heard.body or heard.headers.get("content-type"):
            return Answered(200, b"ERR: 105, bad parameters")
        if heard.query["password"] != "s3cret/+&":
            return Answered(200, b"ERR: 001, authentication failed")
        return Answered(200, b"ID: 8f3b1c\r\n")
