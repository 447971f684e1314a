"""A model that follows a script, behind the vendors' own HTTP interfaces, on loopback.

It sends a code, asks where the verification stands, and then tells the person the page.  What it
knows of the verification it has from the results of its tools, as a model would.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

Json = dict[str, Any]
WANTED = {
    "to": "+10000000005",
    "template_id": "sandbox-otp-tpl",
    "channel": None,
    "language": None,
    "purpose": None,
}


class Turn(NamedTuple):
    """What the model does next: a call of a tool, or its last words."""

    tool: str | None
    args: Json
    words: str = ""


def turn(results: list[Json]) -> Turn:
    """The next turn after these results."""
    if not results:
        return Turn("send_otp", WANTED)
    if len(results) == 1:
        return Turn("get_otp_status", {"message_id": results[0]["message_id"]})
    last = results[-1]
    return Turn(None, {}, f"It is {last['status']}: open {last['verification_url']}")


def parsed(output: Any) -> Json:
    """A tool's result, however deep a vendor wraps it."""
    if isinstance(output, list):
        return parsed(output[0].get("text", output[0]))
    found = json.loads(output) if isinstance(output, str) else output
    return found.get("result", found) if isinstance(found, dict) else parsed(found)


def responses(body: Json) -> tuple[Json, list[Json]]:
    """OpenAI, Responses."""
    given = [one for one in body["input"] if one.get("type") == "function_call_output"]
    what = turn([parsed(one["output"]) for one in given])
    if what.tool:
        called = {"call_id": f"call_{len(given)}", "name": what.tool, "status": "completed"}
        output = {
            "type": "function_call",
            "id": "fc_1",
            "arguments": json.dumps(what.args),
        } | called
    else:
        text = {"type": "output_text", "text": what.words, "annotations": []}
        output = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                  "content": [text]}  # fmt: skip
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2,
             "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
             "output_tokens_details": {"reasoning_tokens": 0}}  # fmt: skip
    return {
        "id": f"resp_{len(given)}", "object": "response", "created_at": 1, "model": "scripted",
        "status": "completed", "output": [output], "parallel_tool_calls": False,
        "tool_choice": "auto", "tools": [], "usage": usage,
    }, body["tools"]  # fmt: skip


def completions(body: Json) -> tuple[Json, list[Json]]:
    """OpenAI, Chat Completions."""
    given = [one for one in body["messages"] if one["role"] == "tool"]
    what = turn([parsed(one["content"]) for one in given])
    message: Json = {"role": "assistant", "content": what.words or None}
    if what.tool:
        function = {"name": what.tool, "arguments": json.dumps(what.args)}
        call = {"id": f"call_{len(given)}", "type": "function", "function": function}
        message["tool_calls"] = [call]
    reason = "tool_calls" if what.tool else "stop"
    choice = {"index": 0, "finish_reason": reason, "message": message}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return {
        "id": "chatcmpl_1", "object": "chat.completion", "created": 1, "model": "scripted",
        "choices": [choice], "usage": usage,
    }, body["tools"]  # fmt: skip


def anthropic(body: Json) -> tuple[Json, list[Json]]:
    """Anthropic, Messages."""
    parts = [one for each in body["messages"] if isinstance(each["content"], list)
             for one in each["content"]]  # fmt: skip
    given = [one for one in parts if one["type"] == "tool_result"]
    what = turn([parsed(one["content"]) for one in given])
    block: Json = {"type": "text", "text": what.words}
    if what.tool:
        block = {"type": "tool_use", "id": f"toolu_{len(given)}", "name": what.tool,
                 "input": what.args}  # fmt: skip
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "scripted",
        "content": [block], "stop_reason": "tool_use" if what.tool else "end_turn",
        "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
    }, body["tools"]  # fmt: skip


def gemini(body: Json) -> tuple[Json, list[Json]]:
    """Gemini, generateContent."""
    parts = [part for each in body["contents"] for part in each["parts"]]
    given = [part["functionResponse"] for part in parts if "functionResponse" in part]
    what = turn([parsed(one["response"]) for one in given])
    part: Json = {"text": what.words}
    if what.tool:
        part = {"functionCall": {"name": what.tool, "args": what.args}}
    candidate = {"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [part]}}
    declared = [one for each in body["tools"] for one in each["functionDeclarations"]]
    return {"candidates": [candidate], "modelVersion": "scripted"}, declared


WIRES: dict[str, Callable[[Json], tuple[Json, list[Json]]]] = {
    "/responses": responses,
    "/chat/completions": completions,
    "/messages": anthropic,
    ":generateContent": gemini,
}


@dataclass
class ModelPeer:
    """The model; `tools` are those it was offered last, `heard` all that it was told."""

    tools: list[Json] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def __enter__(self) -> "ModelPeer":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes the vendors' packages speak to it."""
        keys = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY")
        return {
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "ANTHROPIC_BASE_URL": self.url,
            "GOOGLE_GEMINI_BASE_URL": self.url,
            "OPENAI_AGENTS_DISABLE_TRACING": "1",
            **dict.fromkeys(keys, "scripted"),
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["content-length"])).decode()
                peer.heard.append(text)
                path = self.path.partition("?")[0]
                wire = next(WIRES[end] for end in WIRES if path.endswith(end))
                answer, peer.tools = wire(json.loads(text))
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_words: object) -> None:
                """Nothing is logged."""

        return Handler
