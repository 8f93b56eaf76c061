"""Answers to any crud sample, written from its spec: a right one, and wrong ones with one fault each.

`FAULTS` says with which code each fault must be found; a fault that a spec does not have leaves its answer as it is.
"""

from __future__ import annotations

from typing import Any

__all__ = ["FAULTS", "compact"]

Spec = dict[str, Any]


def compact(spec: Spec, fault: str = "") -> str:
    """A right answer within the token limit: SQLite keeps uniqueness and order. `fault` names what goes wrong in it."""
    lines = ["import sqlite3"]
    if spec["unique"] or spec["version"] or spec["moves"]:
        lines.append("class Conflict(Exception): pass")
    lines += [
        "class Store:",
        *_opened(spec, fault),
        *_checked(spec, fault),
        *_created(spec, fault),
        *_read(spec, fault),
    ]
    lines += [*_updated(spec, fault), *_moved(spec, fault), *_deleted(spec, fault)]
    return "\n".join(["```python", *lines, "```"])


def _opened(spec: Spec, fault: str) -> list[str]:
    number = "id INTEGER PRIMARY KEY AUTOINCREMENT"
    if fault == "id re-used" and spec["delete"] == "hard":
        number = "id INTEGER PRIMARY KEY"
    names = [field["name"] for field in spec["fields"]]
    extra = {"owner": spec["owner"], "version DEFAULT 1": spec["version"], "gone DEFAULT 0": spec["delete"] == "soft"}
    columns = [number, *names, *(name for name, wanted in extra.items() if wanted)]
    if spec["moves"]:
        columns.append(f"state DEFAULT '{spec['moves']['start']}'")
    if spec["replay"]:
        columns.append("key UNIQUE")
    path = {"not persisted": "':memory:'", "own file name": "'store.db'"}.get(fault, "path")
    level = "" if fault == "not committed" and not spec["bulk"] else ", isolation_level=None"
    lines = [
        "    def __init__(self, path):",
        f"        self.db = sqlite3.connect({path}{level})",
        "        self.db.row_factory = sqlite3.Row",
        f'        self.db.execute("CREATE TABLE IF NOT EXISTS t ({", ".join(columns)})")',
    ]
    if spec["unique"] and fault != "unique ignored":
        over = f"owner, {spec['unique']}" if spec["owner"] and fault != "unique over owners" else spec["unique"]
        if fault == "case ignored":
            over += " COLLATE NOCASE"
        where = " WHERE gone=0" if spec["delete"] == "soft" and fault != "unique counts deleted" else ""
        lines.append(f'        self.db.execute("CREATE UNIQUE INDEX IF NOT EXISTS u ON t ({over}){where}")')
    if not spec["unique"]:
        return [*lines, "    def run(self, sql, *args): return self.db.execute(sql, args)"]
    return [
        *lines,
        "    def run(self, sql, *args):",
        "        try: return self.db.execute(sql, args)",
        "        except sqlite3.IntegrityError: raise Conflict",
    ]


def _checked(spec: Spec, fault: str) -> list[str]:
    names = [field["name"] for field in spec["fields"]]
    required = [field["name"] for field in spec["fields"] if field["need"] == "required"]
    keys = "True" if fault == "unknown keys accepted" else f"set(d) <= {set(names)!r}"
    tests = [keys, *(f"'{name}' in d" for name in required)]
    lines = ["    def check(self, d):", f"        if not ({' and '.join(tests)}): raise ValueError"]
    for field in spec["fields"]:
        default = f", {field['default']!r}" if field["need"] == "default" else ""
        lines.append(f"        v = d.get('{field['name']}'{default})")
        lines.append(f"        if not ({_test(field, fault)}): raise ValueError")
    values = [
        f"d.get('{field['name']}', {field['default']!r})" if field["need"] == "default" else f"d.get('{field['name']}')"
        for field in spec["fields"]
    ]
    return [*lines, f"        return {', '.join(values)}"]


def _test(field: Spec, fault: str) -> str:
    high = field.get("max", 0) + (fault == "bound off by one")
    test = {
        "text": f"type(v) is str and {field.get('min')} <= len(v) <= {high}",
        "number": f"type(v) is int and {field.get('min')} <= v <= {high}",
        "choice": f"v in {tuple(field.get('values', ()))!r}",
        "flag": "type(v) is bool",
    }[field["kind"]]
    if fault == "bool as int" and field.get("min", 1) <= 1:
        test = test.replace("type(v) is int", "isinstance(v, int)").replace("type(v) is bool", "v in (0, 1)")
    return f"v is None or {test}" if field["need"] == "optional" or fault == "nulls accepted" else test


def _created(spec: Spec, fault: str) -> list[str]:
    me, you = ("self, owner", "owner, ") if spec["owner"] else ("self", "")
    names = [field["name"] for field in spec["fields"]]
    columns = ", ".join([*names, *["owner"] * spec["owner"], *["key"] * spec["replay"]])
    values = "*self.check(d)" + ", owner" * spec["owner"] + ", key" * spec["replay"]
    marks = ", ".join("?" * (columns.count(",") + 1))
    if fault == "injection":
        marks, values = f"'%s', {marks[3:]}", values.replace("*self.check(d)", "*self.check(d)[1:]")
    formatted = " % d[" + repr(names[0]) + "]" if fault == "injection" else ""
    lines = [f"    def create({me}, d{', key=None' if spec['replay'] else ''}):"]
    if fault == "text stripped":
        lines.append("        d = {k: v.strip() if isinstance(v, str) else v for k, v in d.items()}")
    if spec["replay"] and fault != "key ignored":
        lines.append('        r = self.run("SELECT id FROM t WHERE key=?", key).fetchone()')
        again = "self.get(r[0])"
        if fault == "replay of the first state":
            again = f"{{**self.get(r[0]), 'state': {spec['moves']['start']!r}}}"
        lines.append(f"        if r: return {again}")
    if spec["replay"] and fault == "key ignored":
        lines.append("        key = None")
    if fault == "injection":
        lines.append("        self.check(d)")
    lines.append(
        f'        return self.get({you}self.run("INSERT INTO t ({columns}) VALUES ({marks})"{formatted}, {values}).lastrowid)'
    )
    if spec["bulk"] and fault == "bulk keeps the first":
        lines.append("    def create_many(self, items): return [self.create(d) for d in items]")
    elif spec["bulk"]:
        lines += [
            "    def create_many(self, items):",
            "        with self.db:",
            "            self.run('BEGIN')",
            "            return [self.create(d) for d in items]",
        ]
    return lines


def _read(spec: Spec, fault: str) -> list[str]:
    me, args = ("self, owner", ", owner") if spec["owner"] else ("self", "")
    live = ["gone=0"] if spec["delete"] == "soft" else []
    own = ["owner=?"] if spec["owner"] else []
    if fault == "owner not checked":
        own, args = [], ""
    names = [field["name"] for field in spec["fields"]]
    shown = ", ".join(["id", *names, *["version"] * spec["version"], *["state"] * bool(spec["moves"])])
    flags = [f"'{field['name']}': bool(r['{field['name']}'])" for field in spec["fields"] if field["kind"] == "flag"]
    record = f"{{**r, {', '.join(flags)}}}" if flags and fault != "flag as int" else "dict(r)"
    missing = "return None" if fault == "missing is None" else "raise KeyError(id)"
    order = {"oldest": "id", "newest": "id DESC"}.get(spec["order"], f"{spec['order']}, id")
    if fault == "wrong order":
        order = {"id": "id DESC", "id DESC": "id"}.get(order, "id")
    listed = own if fault == "deleted still listed" else [*live, *own]
    where = f" WHERE {' AND '.join(listed)}" if listed else ""
    lines = [
        f"    def get({me}, id):",
        f'        r = self.run("SELECT {shown} FROM t WHERE {" AND ".join(["id=?", *live, *own])}", id{args}).fetchone()',
        f"        if not r: {missing}",
        f"        return {record}".replace("**r", "**dict(r)"),
    ]
    one = "self.get(owner, r[0])" if spec["owner"] and own else "self.get(r[0])"
    select = f'self.run("SELECT id FROM t{where} ORDER BY {order}"{args})'
    if fault == "owner not checked" and spec["owner"]:
        one = "self.get(owner, r[0])"
    if fault == "deleted still listed" and live:
        one = record.replace("**r", "**dict(r)")
        select = select.replace("SELECT id", f"SELECT {shown}")
    rows = f"[{one} for r in {select}]"
    if not spec["page"]:
        return [*lines, f"    def list_all({me}): return {rows}"]
    bounds = f"        if not 1 <= limit <= {spec['page']['most']} or offset < 0: raise ValueError"
    skip = "offset + (offset > 0)" if fault == "offset off by one" else "offset"
    page = f"        page = rows[{skip}:{skip} + limit]"
    return [
        *lines,
        f"    def list_page({me}, limit={spec['page']['limit']}, offset=0):",
        *([] if fault == "limit unchecked" else [bounds]),
        f"        rows = {rows}",
        page,
        f'        return {{"items": page, "total": len({"page" if fault == "total of the page" else "rows"})}}',
    ]


def _updated(spec: Spec, fault: str) -> list[str]:
    if not spec["update"]:
        return []
    me, you = ("self, owner", "owner, ") if spec["owner"] else ("self", "")
    names = [field["name"] for field in spec["fields"]]
    old = {name: f"r['{name}']" for name in names}
    if fault == "update resets":
        old = {field["name"]: old[field["name"]] for field in spec["fields"] if field["need"] == "required"}
    kept = ", ".join(f"'{name}': {value}" for name, value in old.items())
    checked = f"self.check({{{kept}, **changes}})"
    if fault == "update unchecked":
        checked = f"{{{kept}, **changes}}.values()"
    sets = ", ".join(
        [*(f"{name}=?" for name in names), *["version=version+1"] * (spec["version"] and fault != "version kept")]
    )
    lines = [
        f"    def update({me}, id, changes{', version' if spec['version'] else ''}):",
        f"        r = self.get({you}id)",
        f"        values = list({checked})",
    ]
    if spec["version"] and fault != "version not compared":
        lines.append("        if version != r['version']: raise Conflict")
    return [
        *lines,
        f'        self.run("UPDATE t SET {sets} WHERE id=?", *values, id)',
        f"        return self.get({you}id)",
    ]


def _moved(spec: Spec, fault: str) -> list[str]:
    if not spec["moves"]:
        return []
    allowed = {state: tuple(targets) for state, targets in spec["moves"]["allowed"].items()}
    refused = [] if fault == "moves unchecked" else ["        if state not in allowed[r['state']]: raise Conflict"]
    return [
        "    def move(self, id, state):",
        "        r = self.get(id)",
        f"        allowed = {allowed!r}",
        "        if state not in allowed: raise ValueError",
        *refused,
        '        self.run("UPDATE t SET state=? WHERE id=?", state, id)',
        "        return self.get(id)",
    ]


def _deleted(spec: Spec, fault: str) -> list[str]:
    if spec["delete"] == "none":
        return []
    me, you = ("self, owner", "owner, ") if spec["owner"] else ("self", "")
    statement = "UPDATE t SET gone=1 WHERE id=?" if spec["delete"] == "soft" else "DELETE FROM t WHERE id=?"
    lines = [
        f"    def delete({me}, id):",
        *([] if fault == "delete forgives" else [f"        self.get({you}id)"]),
        f'        self.run("{statement}", id)',
    ]
    if spec["delete"] == "hard":
        return lines
    where = "id=?" if fault == "restore forgives" else "id=? AND gone=1"
    return [
        *lines,
        "    def restore(self, id):",
        f'        if not self.run("UPDATE t SET gone=0 WHERE {where}", id).rowcount: raise KeyError',
        "        return self.get(id)",
    ]


FAULTS = {
    "flag as int": "wrong_result",
    "missing is None": "wrong_missing",
    "delete forgives": "wrong_missing",
    "bool as int": "wrong_validation",
    "bound off by one": "wrong_validation",
    "nulls accepted": "wrong_validation",
    "unknown keys accepted": "wrong_validation",
    "wrong order": "wrong_order",
    "version kept": "wrong_version",
    "version not compared": "wrong_version",
    "update resets": "wrong_update",
    "update unchecked": "wrong_update",
    "deleted still listed": "wrong_delete",
    "id re-used": "wrong_delete",
    "restore forgives": "wrong_restore",
    "limit unchecked": "wrong_page",
    "offset off by one": "wrong_page",
    "total of the page": "wrong_page",
    "unique counts deleted": "wrong_conflict",
    "unique ignored": "wrong_conflict",
    "case ignored": "wrong_conflict",
    "owner not checked": "wrong_owner",
    "unique over owners": "wrong_owner",
    "moves unchecked": "wrong_move",
    "key ignored": "wrong_replay",
    "replay of the first state": "wrong_replay",
    "bulk keeps the first": "wrong_bulk",
    "injection": "wrong_text",
    "text stripped": "wrong_text",
    "not committed": "not_persistent",
    "not persisted": "not_persistent",
    "own file name": "wrong_file",
}
