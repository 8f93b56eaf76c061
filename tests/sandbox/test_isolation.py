"""The strongest isolation that holds is used; what does not hold is seen; less than enough is refused."""

from __future__ import annotations

import json

import pytest
from sandbox.elsewhere import run_as_somebody, run_without

from harness.errors import BadInput, CheckerError
from harness.sandbox import CHOICE, Canary, Limits, isolation, session
from harness.sandbox.inside.orders import LAYERS
from harness.sandbox.levels import named

TOLD = """
import json
from harness.errors import BadInput, CheckerError
from harness.sandbox import isolation
try:
    found = isolation()
except BadInput as problem:
    print(json.dumps([str(problem), [], []]))
else:
    print(json.dumps([found.name, [canary.attack for canary in found.canaries if canary.alive], found.missing]))
"""


def told(output: str) -> tuple[str, list[str], list[str]]:
    name, alive, missing = json.loads(output)
    return name, alive, missing


def test_every_canary_lives_and_the_level_is_named() -> None:
    found = isolation()

    assert found.safe
    assert all(canary.alive for canary in found.canaries)
    assert {"reads a file", "connects to a port", "makes a device"} <= {canary.attack for canary in found.canaries}
    assert found is isolation()


def test_a_session_says_which_isolation_it_has() -> None:
    with session("receive()", Limits()) as talk:
        assert talk.isolation == isolation()
    with session("receive()", Limits(), without=frozenset({"seccomp"})) as talk:
        assert talk.isolation.name.startswith("unsafe: ")
        assert "seccomp" not in talk.isolation.name


def test_an_ordinary_user_has_the_same_isolation() -> None:
    done = run_as_somebody(TOLD)

    name, alive, missing = told(done.stdout)
    assert (name, missing) == ("namespaces+landlock+seccomp+limits", [])
    assert len(alive) == 8  # nobody was root to begin with


def test_without_namespaces_the_next_level_is_used_and_says_why() -> None:
    done = run_without(["unshare"], TOLD)

    name, alive, missing = told(done.stdout)
    assert name == "landlock+seccomp+limits", done.stderr
    assert len(alive) >= 7
    assert any("unshare: Operation not permitted" in line for line in missing)


def test_without_landlock_nothing_runs_unless_it_is_allowed() -> None:
    refused = run_without(["unshare", "landlock_create_ruleset"], TOLD)
    allowed = run_without(["unshare", "landlock_create_ruleset"], TOLD, TIERFLOOR_SANDBOX="unsafe")

    assert "needs Landlock and seccomp, and there is only unsafe: seccomp+limits" in told(refused.stdout)[0]
    assert told(allowed.stdout)[0] == "unsafe: seccomp+limits"


def test_an_executor_that_nobody_brings_is_named_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE, "dokcer")

    with pytest.raises(BadInput, match="did you mean 'docker'"):
        isolation()


def test_other_systems_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setenv(CHOICE, "local")

    with pytest.raises(BadInput, match="Linux only"), session("receive()", Limits()):
        pass


@pytest.mark.parametrize(
    ("outside", "inside", "alive", "says"),
    [
        (None, "EPERM", True, "stopped by EPERM"),
        (None, None, False, "not stopped"),
        (None, "LookupError", False, "stopped by LookupError, not EACCES or EPERM"),
        ("ENOENT", "EPERM", False, "nothing is proved"),
    ],
)
def test_a_canary_proves_only_what_works_outside_and_fails_as_expected(
    outside: str | None, inside: str | None, alive: bool, says: str
) -> None:
    canary = Canary(attack="tries", outside=outside, inside=inside, expected=frozenset({"EPERM", "EACCES"}))

    assert canary.alive is alive
    assert says in str(canary)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_level_without_a_layer_is_never_called_safe_by_its_name(layer: str) -> None:
    less = isolation().less(frozenset({layer}))

    assert less.name.startswith("unsafe: ")
    assert layer not in less.layers


def test_the_names_of_levels() -> None:
    every = frozenset(LAYERS)

    assert named("local", every) == "namespaces+landlock+seccomp+limits"
    assert named("bubblewrap", every - {"namespaces"}) == "bubblewrap+landlock+seccomp+limits"
    assert named("local", frozenset({"limits"})) == "unsafe: limits"
    assert named("local", frozenset()) == "unsafe: nothing"


def test_what_went_wrong_is_told_without_the_name_of_a_file() -> None:
    driver = "open('/home/somebody/secret')"

    with pytest.raises(CheckerError, match=r"FileNotFoundError: No such file or directory$"), session(driver, Limits()):
        pass
