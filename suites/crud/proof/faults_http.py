"""Mistakes in answers to the HTTP form: edits of its reference."""

from __future__ import annotations

from typing import Final

from .faults import Fault

__all__ = ["HTTP"]

STALE = r'\n +if if_match != str\(old\["version"\]\):\n +raise HTTPException\(412, "stale version"\)'
NEEDED = r'\n +if if_match is None:\n +raise HTTPException\(428, "If-Match is missing"\)'

HTTP: Final = (
    Fault(
        name="unknown keys are ignored",
        why="wrong_validation",
        edits=[(r" or set\(data\) - \{.*\}:", ":")],
    ),
    Fault(
        name="made is answered 200",
        why="wrong_status",
        edits=[(r'@app\.post\("/$plural", status_code=201\)', '@app.post("/$plural")')],
    ),
    Fault(
        name="deleted is answered 200",
        why="wrong_status",
        edits=[(r'@app\.delete\("/$plural/\{id\}", status_code=204\)', '@app.delete("/$plural/{id}")')],
    ),
    Fault(
        name="invalid is answered 400",
        why="wrong_status",
        edits=[(r'raise HTTPException\(422, "$first', 'raise HTTPException(400, "$first')],
    ),
    Fault(
        name="what is missing is null",
        why="wrong_missing",
        edits=[(r'raise HTTPException\(404, "no such $entity"\)\n    return shown', "return None\n    return shown")],
    ),
    Fault(
        name="a body that is no JSON is a fault of the server",
        why="crashed",
        edits=[(r"except \(ValueError, RecursionError\):", "except RecursionError:")],
    ),
    Fault(
        name="a body of another shape is a fault of the server",
        why="crashed",
        edits=[(r"if type\(data\) is not dict or set\(data\) - ", "if set(data) - ")],
    ),
    Fault(
        name="the body is looked at before the record",
        why="wrong_precedence",
        edits=[
            (r"(def update\(.*\):)\n", r"\1\n        changes = parsed(raw)\n"),
            (r"\n            changes = parsed\(raw\)", ""),
        ],
    ),
    Fault(
        name="nobody is an owner, too",
        why="wrong_owner",
        edits=[(r'\n    if not x_user:\n        raise HTTPException\(401, "X-User is missing"\)', "")],
    ),
    Fault(
        name="other owners' records are forbidden",
        why="wrong_status",
        edits=[
            (
                r'raise HTTPException\(404, "no such $entity"\)\n    return shown',
                (
                    'other = db.execute("SELECT 1 FROM $plural WHERE id = ?", (id,)).fetchone()\n'
                    '        raise HTTPException(403 if other else 404, "no such $entity")\n    return shown'
                ),
            )
        ],
        needs="owner !soft",
    ),
    Fault(
        name="kept in memory",
        why="wrong_file",
        edits=[
            (
                r"app = FastAPI\(\)\n",
                'app = FastAPI()\n    app.state.db = sqlite3.connect("file:$plural?mode=memory&cache=shared", uri=True)\n',
            ),
            (
                r"sqlite3\.connect\(path, timeout=30",
                'sqlite3.connect("file:$plural?mode=memory&cache=shared", uri=True, timeout=30',
            ),
        ],
        needs="!concurrent",
    ),
    Fault(
        name="version is not compared",
        why="wrong_version",
        edits=[(STALE, "")],
        needs="update",
    ),
    Fault(
        name="If-Match may be left out",
        why="wrong_version",
        edits=[(NEEDED, ""), (r"if if_match != str\(old", "if if_match is not None and if_match != str(old")],
    ),
    Fault(
        name="stale is answered 409",
        why="wrong_version",
        edits=[(r'HTTPException\(412, "stale version"\)', 'HTTPException(409, "stale version")')],
    ),
    Fault(
        name="version is not compared before deletion",
        why="wrong_version",
        edits=[(rf"(def delete(?:.*\n)+?.*){STALE}", r"\1")],
    ),
    Fault(
        name="unknown state is a conflict",
        why="wrong_move",
        edits=[(r'HTTPException\(422, "unknown state"\)', 'HTTPException(409, "unknown state")')],
    ),
    Fault(
        name="a repeated key gives the record as it was",
        why="wrong_replay",
        edits=[
            (r'found\(db, (owner, )?known\["record"\]\)', 'json.loads(known["record"])'),
            (r'idempotency_key, new\["id"\]\)', "idempotency_key, json.dumps(new))"),
        ],
        needs="now",
    ),
    Fault(
        name="a refused list leaves what came before",
        why="wrong_bulk",
        edits=[
            (
                r"with transaction\(\) as db:\n +return \[inserted\(db, (owner, )?item\) for item in items\]",
                (
                    r"made = []\n        for item in items:\n            with transaction() as db:\n"
                    r"                made.append(inserted(db, ${own}item))\n        return made"
                ),
            )
        ],
    ),
    Fault(
        name="deleting takes the parent and leaves the children",
        why="wrong_parent",
        edits=[(" REFERENCES $parents \\(id\\) ON DELETE CASCADE", "")],
        needs="cascade",
    ),
    Fault(
        name="filters are not checked",
        why="wrong_filter",
        edits=[(r"\n +if \w+ not in \(.*\):(\n +raise .*)(\n +where \+= )", r"\2")],
        needs="filter",
    ),
    Fault(
        name="filters are ignored",
        why="wrong_filter",
        edits=[(r"\n +where \+= .*\n +values\.append.*", "")],
    ),
    Fault(
        name="unknown parameters are ignored",
        why="wrong_filter",
        edits=[(r"\n +if set\(request\.query_params\) - .*:\n +raise .*", "")],
        needs="filter !sort",
    ),
    Fault(
        name="any sort is put into the SQL",
        why="wrong_sort",
        edits=[(r"\n +if sort not in ORDERS:\n +raise .*", ""), (r"ORDERS\[sort\]", "ORDERS.get(sort, str(sort))")],
    ),
    Fault(
        name="reads before it locks",
        why="wrong_concurrency",
        edits=[
            (
                r"(def (?:update|move)\(.*)\n +with transaction\(\) as db:\n +(old = found\(.*\))",
                r"\1\n        with transaction() as db:\n            \2\n        with transaction() as db:",
            )
        ],
        needs="concurrent",
    ),
    Fault(
        name="looks for the key before it locks",
        why="wrong_concurrency",
        edits=[
            (
                r"(def create\(.*\n +with transaction\(\) as db:\n +known = db\.execute\((?:.*\n)+?)( +)if known:",
                r"\1        with transaction() as db:\n\2if known:",
            ),
            ("INSERT INTO keys", "INSERT OR IGNORE INTO keys"),
        ],
        needs="concurrent",
    ),
    Fault(
        name="locks when it writes",
        why="wrong_concurrency",
        edits=[("BEGIN IMMEDIATE", "BEGIN")],
        needs="concurrent",
    ),
    Fault(
        name="does not wait for a lock",
        why="wrong_concurrency",
        edits=[("timeout=30", "timeout=0")],
        needs="concurrent",
    ),
)
