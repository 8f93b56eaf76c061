"""The HTTP form: requests to an app, over sockets that stay open."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from harness.sandbox import Session

from .calls import MALFORMED, STATUSES, SUCCESSES, Call
from .line import Line, NotHttp
from .port import SECONDS, Answered, Crash, Expected, Mismatch, Port, Raced, same, short
from .spec import Spec

__all__ = ["HttpPort"]

VERBS = {
    "create": "POST",
    "create_many": "POST",
    "get": "GET",
    "list": "GET",
    "update": "PATCH",
    "move": "POST",
    "delete": "DELETE",
    "restore": "POST",
    "create_parent": "POST",
    "get_parent": "GET",
    "delete_parent": "DELETE",
}


class HttpPort(Port):
    """An app that is served in the sandbox."""

    def __init__(self, talk: Session, spec: Spec) -> None:
        super().__init__(talk, spec)
        self._lines: list[Line] = []

    def load(self, source: str, *, gated: bool = False) -> None:
        for line in self._lines:
            line.close()
        super().load(source, gated=gated)
        self._lines = [self._line() for _ in range(2 if self.spec["concurrent"] else 1)]

    def wanted(self) -> dict[str, Any]:
        return {}

    def open(self, name: str, *, pair: bool = False) -> None:
        if pair:
            self.gate()  # and that is all: an app takes any number of callers
        told = self.told(self.order("open", name=name), "value", "raised", "odd")
        if "odd" in told:
            raise Mismatch(f"make_app(path) returns {short(told['odd'])}, not a FastAPI app")
        if "raised" in told:
            raise Crash(f"make_app(path): {short(told.get('text'))}")

    def ask(self, call: Call) -> Answered:
        self._send(0, call)
        return self._received(0, call)

    def race(self, first: Call, second: Call, stop: int) -> Raced:
        self.order("arm", stop=stop)
        self._send(0, first)
        self.order("first")
        self._send(1, second)
        reply = self.told(self.order("second"), "seen")
        one, other = self._received(0, first), self._received(1, second)
        match reply:
            case {"seen": int(seen), "stopped": bool(stopped)}:
                return Raced(first=one, second=other, seen=seen, stopped=stopped)
        raise Mismatch("a reply of no known form", "bad_reply")

    def difference(self, call: Call, answered: Answered, expected: Expected) -> Mismatch | None:
        done = str(SUCCESSES.get(call.do, 200))
        status, wanted = answered.problem or done, str(STATUSES.get(expected.refused, done))
        if status == wanted and (expected.refused or same(answered.value, expected.value)):
            return None
        if status == wanted:
            return Mismatch(f"{self.shown(call)}: {answered}, not {short(expected.value)}")
        if status.startswith("5"):
            return Crash(f"{self.shown(call)}: {answered}")
        return Mismatch(f"{self.shown(call)}: {answered}, not {wanted}", self._unlike(status, wanted))

    def _unlike(self, status: str, wanted: str) -> str:
        """A code of its own for a status that is wrong whatever the request does: it tells nothing about the group."""
        foreign = status.startswith("4") and status not in map(str, STATUSES.values())
        return "wrong_status" if status[0] == wanted[0] and (wanted[0] == "2" or foreign) else ""

    def shown(self, call: Call) -> str:
        verb, path, headers, body = self._request(call)
        said = [f"{name}: {value}" for name, value in headers.items() if name != "Content-Type"]
        return " ".join([verb, short(path)[1:-1], *said, short(body.decode()) if body else ""]).strip()

    def _line(self) -> Line:
        return Line(self.talk.connect(SECONDS))

    def _send(self, at: int, call: Call) -> None:
        try:
            if self._lines[at].closed:
                self._lines[at] = self._line()
            self._lines[at].send(*self._request(call))
        except OSError as problem:
            raise self._broken(call, problem) from None

    def _received(self, at: int, call: Call) -> Answered:
        try:
            status, body = self._lines[at].receive()
        except (OSError, NotHttp) as problem:
            raise self._broken(call, problem) from None
        if status != SUCCESSES.get(call.do, 200):
            said = self._alive() if status >= 500 else body.decode(errors="replace")
            return Answered(problem=str(status), says=f"{status} {short(said)}")
        try:
            return Answered(value=json.loads(body) if body else None)
        except (ValueError, RecursionError):
            raise Mismatch(f"{self.shown(call)}: {short(body)} is no JSON") from None

    def _broken(self, call: Call, problem: Exception) -> Exception:
        """What it is if the server does not answer: raises what the sandbox knows of it, else the answer's fault."""
        for line in self._lines:
            line.close()
        if isinstance(problem, TimeoutError):
            self.talk.late(SECONDS)
        self._alive()
        return Crash(f"{self.shown(call)}: no response: {problem or type(problem).__name__}")

    def _alive(self) -> Any:
        """What the app raised last. Raises what the sandbox knows of a process that does not reply."""
        reply = self.order("alive")
        return reply.get("problem") if type(reply) is dict else reply

    def _request(self, call: Call) -> tuple[str, str, dict[str, str], bytes | None]:
        headers = {}
        if call.owner is not None:
            headers["X-User"] = call.owner
        if call.version is not None:
            headers["If-Match"] = str(call.version)
        if call.key is not None:
            headers["Idempotency-Key"] = call.key
        body = None
        if VERBS[call.do] in {"POST", "PATCH"} and call.do != "restore":
            headers["Content-Type"] = "application/json"
            data = {"state": call.data} if call.do == "move" else call.data
            body = b'{"half' if call.data is MALFORMED else json.dumps(data).encode()
        return VERBS[call.do], self._path(call), headers, body

    def _path(self, call: Call) -> str:
        if call.do.endswith("_parent"):
            path = f"/{self.spec['parent']['plural']}"
            return path if call.do == "create_parent" else f"{path}/{call.id}"
        path = f"/{self.spec['plural']}"
        if call.do == "list":
            query = _query(dict(call.query))
            return f"{path}?{query}" if query else path
        if call.do in {"create", "create_many"}:
            return path if call.do == "create" else f"{path}/bulk"
        return f"{path}/{call.id}" + (f"/{call.do}" if call.do in {"move", "restore"} else "")


def _query(query: dict[str, Any]) -> str:
    filters = query.pop("filters", None) or {}
    pairs = {name: json.dumps(value) if isinstance(value, bool) else value for name, value in (query | filters).items()}
    return urlencode(pairs, quote_via=quote)
