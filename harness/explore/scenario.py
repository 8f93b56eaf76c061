"""Scenarios as data: which objects to build, which calls the threads make; and their ends as data.

A scenario is a JSON object:

    objects   [[name, class, [argument...]]...]       built first, one after the other
    hooks     {name: {"kind": ...}}                   functions of ours that may be passed as arguments
    threads   [[[target, method, [argument...]]...]]  an empty target means a function of the module
    after     [[target, method, [argument...]]...]    called when all threads have ended

An argument {"ref": name} is an object or a hook, {"result": i} what the i-th call of the same thread returned. Hooks are
slow calls: anybody may go on meanwhile. Their kinds: `log` (returns None), `load` (returns a text made of its argument),
`make` (returns a new object), `plus` (adds "n"), `meet` (as `load`, but waits until "parties" calls are inside) and
`call` (as `log`, then makes the call "call" when its argument is "on").

An end tells what every call returned, what was asked afterwards and which arguments the hooks got, in sorted order. It
says nothing of right or wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any

from .program import Program
from .scheduler import Diverged, Run, Scheduler, Stop, Task
from .search import Search
from .shown import Numbering, freeze, text

__all__ = ["Explorer", "Scene", "serve"]


class _Stage:
    """One run of a scenario."""

    def __init__(self, scenario: Mapping[str, Any], module: ModuleType, world: Scheduler, *, inline: bool) -> None:
        self._scenario = scenario
        self._inline = inline
        self._module = module
        self._world = world
        self._names: dict[str, Any] = {}
        self._shown: list[list[Any]] = [[] for _ in scenario["threads"]]
        self._after: list[Any] | None = None
        self._logs: dict[str, list[Any]] = {name: [] for name in scenario["hooks"]}
        self._inside: dict[str, int] = dict.fromkeys(scenario["hooks"], 0)
        self._tasks: list[Task] = []
        self._broken: str | None = None

    def play(self) -> None:
        """Build, run the threads, ask afterwards."""
        for name, hook in self._scenario["hooks"].items():
            self._names[name] = self._hook(name, hook)
        try:
            for name, kind, arguments in self._scenario["objects"]:
                self._names[name] = getattr(self._module, kind)(*self._filled(arguments, []))
        except Stop:
            raise
        except BaseException as problem:  # noqa: BLE001  whatever the candidate raises is its end, not ours
            self._broken = type(problem).__name__
            return
        for calls, shown in zip(self._scenario["threads"], self._shown, strict=True):
            if self._inline:
                self._calls(calls, shown)
            else:
                self._tasks.append(self._world.spawn(partial(self._calls, calls, shown)))
        self._world.wait(lambda: all(task.done or task.daemon for task in self._world.tasks[1:]))
        after: list[Any] = []
        self._calls(self._scenario["after"], after)
        self._after = after

    def end(self, run: Run) -> dict[str, Any]:
        """What is worth knowing of the run, as JSON."""
        show = Numbering()
        return {
            "kind": "broken" if self._broken else run.kind,
            "broken": self._broken,
            "results": show(self._shown),
            "after": show(self._after),
            "hooks": {name: sorted(show(log), key=text) for name, log in self._logs.items()},
            "stuck": [place for place, task in enumerate(self._tasks) if task.index in run.stuck],
        }

    def _calls(self, calls: Sequence[Any], shown: list[Any]) -> None:
        """Make the calls; what each returns is written down at once, as it is then."""
        results: list[Any] = []
        for target, method, arguments in calls:
            try:
                called = getattr(self._names[target] if target else self._module, method)
                value = called(*self._filled(arguments, results))
            except Stop:
                raise
            except BaseException as problem:  # noqa: BLE001  it is the call's result
                value = problem
            if self._world.ended is not None:
                raise Stop
            results.append(value)
            shown.append(freeze(value))

    def _filled(self, arguments: Sequence[Any], results: Sequence[Any]) -> list[Any]:
        return [self._argument(argument, results) for argument in arguments]

    def _argument(self, argument: Any, results: Sequence[Any]) -> Any:
        if isinstance(argument, dict) and "ref" in argument:
            return self._names[argument["ref"]]
        if isinstance(argument, dict) and "result" in argument:
            return results[argument["result"]]
        return argument

    def _hook(self, name: str, hook: Mapping[str, Any]) -> Callable[..., Any]:
        def called(*arguments: Any) -> Any:
            self._logs[name].append(freeze(arguments))
            self._inside[name] += 1
            self._world.pause()
            first = arguments[0] if arguments else None
            if hook["kind"] == "meet":
                self._world.wait(lambda: self._inside[name] >= hook["parties"])
            if hook["kind"] == "call" and first == hook["on"]:
                self._calls([hook["call"]], [])
            return self._answer(hook, first)

        return called

    @staticmethod
    def _answer(hook: Mapping[str, Any], first: Any) -> Any:
        kind = hook["kind"]
        if kind == "make":
            return object()
        if kind == "plus":
            return first + hook["n"]
        return f"<{first}>" if kind in {"load", "meet"} else None


class Scene:
    """All ends of one scenario over one program, as (run, end). `search` knows how many, and whether these are all.

    With `inline` the threads' calls are simply made, thread after thread, unwatched: for programs that are trusted. A
    call that would wait for ever still ends the run as a deadlock.
    """

    def __init__(
        self, program: Program, scenario: Mapping[str, Any], *, bound: int = 1, cap: int = 20_000, inline: bool = False
    ) -> None:
        self._scenario = scenario
        self._inline = inline
        self._stage: _Stage
        self.search = Search(program, self._play, bound=bound, cap=cap, watched=not inline)

    def __iter__(self) -> Iterator[tuple[Run, dict[str, Any]]]:
        for run in self.search:
            yield run, self._stage.end(run)

    def _play(self, module: ModuleType, world: Scheduler) -> None:
        self._stage = _Stage(self._scenario, module, world, inline=self._inline)
        self._stage.play()


class Explorer:
    """Answers messages, so that a trusted parent can drive it and judge each new end as it comes:

    {"do": "load", "source", "names"}               -> {"problem": null or what was raised, "missing": [name...]}
    {"do": "explore", "scenario", "bound", "cap"}   -> as `next`
    {"do": "next"}                                  -> {"end", "trail", "schedules"} for the next end not told yet of
                                                       this scenario, or {"end": null, "schedules", "exhausted"}
    """

    def __init__(self) -> None:
        self._program: Program
        self._ends: Iterator[dict[str, Any]] = iter(())

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        if message["do"] == "load":
            return self._load(message["source"], message["names"])
        if message["do"] == "explore":
            self._ends = _new_ends(
                Scene(self._program, message["scenario"], bound=message["bound"], cap=message["cap"])
            )
        return next(self._ends)

    def _load(self, source: str, names: Sequence[str]) -> dict[str, Any]:
        missing: list[str] = []

        def look(module: ModuleType, _: Scheduler) -> None:
            missing.extend(name for name in names if not _has(module, name.split(".")))

        try:
            self._program = Program(source)
            run = next(iter(Search(self._program, look, bound=0)))
        except BaseException as problem:  # noqa: BLE001  whatever the candidate raises while it is loaded
            return {"problem": f"{type(problem).__name__}: {problem}"[:200], "missing": []}
        return {"problem": None if run.kind == "done" else run.kind, "missing": missing}


def _has(value: Any, path: Sequence[str]) -> bool:
    for name in path:
        if not hasattr(value, name):
            return False
        value = getattr(value, name)
    return callable(value)


def _new_ends(scene: Scene) -> Iterator[dict[str, Any]]:
    told: set[str] = set()
    try:
        for run, end in scene:
            line = text(end)
            if line not in told:
                told.add(line)
                yield {"end": end, "trail": run.trail, "schedules": scene.search.schedules}
    except Diverged:
        pass
    yield {"end": None, "schedules": scene.search.schedules, "exhausted": scene.search.exhausted}


def serve(receive: Callable[[], Any], send: Callable[[Any], None]) -> None:
    """Answer messages until the process is ended."""
    explorer = Explorer()
    while True:
        send(explorer.answer(receive()))
