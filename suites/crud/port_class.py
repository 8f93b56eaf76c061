"""The class form: methods of a Store, called one by one."""

from __future__ import annotations

from typing import Any

from .calls import ERRORS, Call, verbs
from .port import Answered, Crash, Expected, Mismatch, Port, Raced, same, short

__all__ = ["ClassPort"]


class ClassPort(Port):
    """A Store in the sandbox."""

    def wanted(self) -> dict[str, Any]:
        restrict = self.spec["parent"] and self.spec["parent"]["on_delete"] == "restrict"
        conflict = self.spec["unique"] or self.spec["version"] or self.spec["moves"] or restrict
        return {"methods": [self._method(verb) for verb in verbs(self.spec)], "conflict": bool(conflict)}

    def open(self, name: str, *, pair: bool = False) -> None:
        if pair:
            self.gate()
        answered = self._answered(self.order("pair" if pair else "open", name=name))
        if answered.problem:
            raise Crash(f"Store(path): {answered.says}")

    def ask(self, call: Call) -> Answered:
        return self._answered(self.order("call", **self._order(call)))

    def race(self, first: Call, second: Call, stop: int) -> Raced:
        reply = self.told(
            self.order("race", stop=stop, first=self._order(first), second=self._order(second)), "replies"
        )
        match reply:
            case {"replies": [one, other], "seen": int(seen), "stopped": bool(stopped)}:
                return Raced(first=self._answered(one), second=self._answered(other), seen=seen, stopped=stopped)
        raise Mismatch("a reply of no known form", "bad_reply")

    def difference(self, call: Call, answered: Answered, expected: Expected) -> Mismatch | None:
        wanted = ERRORS.get(expected.refused, "")
        if answered.problem == wanted and (wanted or same(answered.value, expected.value)):
            return None
        if answered.problem == "other":
            return Crash(f"{self.shown(call)}: {answered}")
        return Mismatch(f"{self.shown(call)}: {answered}, not {wanted or short(expected.value)}")

    def shown(self, call: Call) -> str:
        order = self._order(call)
        given = [short(value) for value in order["arguments"]]
        given += [f"{name}={short(value)}" for name, value in order["named"].items()]
        return f"{order['method']}({', '.join(given)})"

    def _answered(self, reply: Any) -> Answered:
        told = self.told(reply, "value", "raised", "odd")
        if "odd" in told:
            return Answered(problem="odd", says=f"returns {short(told['odd'])}")
        if "raised" in told:
            return Answered(problem=str(told["raised"]), says=f"raises {short(told.get('text'))}")
        return Answered(value=told["value"])

    def _order(self, call: Call) -> dict[str, Any]:
        arguments: list[Any] = [call.owner] if self.spec["owner"] else []
        named: dict[str, Any] = {}
        if call.do in {"create_parent", "get_parent", "delete_parent"}:
            arguments = []
        if call.do in {"get", "update", "move", "delete", "restore", "get_parent", "delete_parent"}:
            arguments.append(call.id)
        if call.do in {"create", "create_many", "update", "move", "create_parent"}:
            arguments.append(call.data)
        if call.do in {"update", "move", "delete"} and self.spec["version"]:
            arguments.append(call.version)
        if call.do == "list":
            named = dict(call.query)
        if call.key is not None:
            named = {"key": call.key}
        return {"method": self._method(call.do), "arguments": arguments, "named": named}

    def _method(self, verb: str) -> str:
        if verb == "list":
            return "list_page" if self.spec["page"] else "list_all"
        return verb.replace("parent", self.spec["parent"]["entity"]) if self.spec["parent"] else verb
