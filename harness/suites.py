"""A suite folder becomes a Suite: manifest, samples, checker and its proof, with the hashes that identify them."""

from __future__ import annotations

import ast
import dataclasses
import fnmatch
import hashlib
import importlib.machinery
import importlib.util
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

from . import hub, prompts, stats
from .errors import BadInput, did_you_mean
from .records import line, read_lines, read_toml
from .values import Check, Control, Equivalent, Generate, Prove, Rule, Sample, Split, Suite, canonical, digest

__all__ = [
    "categories",
    "checker",
    "find",
    "frozen",
    "generate",
    "load",
    "names",
    "narrow",
    "ordered",
    "proof",
    "roots",
    "sources",
]

LEVELS = (1, 2, 3, 4, 5)
_STRICT = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptText:
    """The `[prompt]` table: a fixed system text and a template for the user's."""

    __pydantic_config__ = _STRICT

    user: str
    system: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaText:
    """The `[schema]` table: a JSON Schema, as text, for schema-constrained tiers."""

    __pydantic_config__ = _STRICT

    json: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """suite.toml."""

    __pydantic_config__ = _STRICT

    id: str
    version: str
    category: str
    title: str
    license: str
    checker: str
    max_output_tokens: int
    rule: Rule
    prompt: PromptText
    splits: Mapping[str, Split]
    rows: tuple[str, ...] = ()
    generator: str | None = None
    controls: str | None = None
    mutants: tuple[str, ...] = ()
    draws: bool = False
    epochs: int = 1
    graded: bool = False
    schema: SchemaText | None = None


def roots() -> tuple[Path, ...]:
    """Where suites are looked for: `suites/` here first, then those that ship with tierfloor."""
    package = Path(__file__).parent
    shipped = package / "_suites"
    return (Path("suites"), shipped if shipped.is_dir() else package.parent / "suites")


def names() -> list[str]:
    """The suites that can be named, in alphabetical order."""
    return sorted({path.parent.name for root in roots() for path in root.glob("*/suite.toml")})


def categories() -> list[str]:
    """The kinds of work of the suites that can be named, in alphabetical order."""
    return sorted({read_toml(find(name) / "suite.toml", Manifest).category for name in names()})


def find(name: str) -> Path:
    """The folder of a suite, by name or by path; raises BadInput for an unknown one."""
    for folder in (Path(name), *(root / name for root in roots())):
        if (folder / "suite.toml").is_file():
            return folder
    raise BadInput(name, f"no such suite ({did_you_mean(name, names())})")


def load(folder: Path, *, split: str = "public", fresh: str | None = None) -> Suite:
    """Read a suite with the samples of one split, or with new ones from the generator for the seed `fresh`.

    Raises BadInput naming file and line or key for anything malformed, and for a suite without controls.
    """
    manifest = read_toml(folder / "suite.toml", Manifest)
    _check_manifest(manifest, folder / "suite.toml")
    package = _package(folder)
    generator = _callable(folder, package, manifest.generator) if manifest.generator else None
    check = _callable(folder, package, manifest.checker)
    samples = _samples(manifest, folder, generator, split=split, fresh=fresh)
    controls = _controls(folder, samples if split == "public" and fresh is None else None)
    checker_hash = _source_hash(folder, manifest.checker)
    return Suite(
        id=manifest.id,
        version=manifest.version,
        category=manifest.category,
        title=manifest.title,
        license=manifest.license,
        rows=manifest.rows,
        folder=folder,
        system=manifest.prompt.system,
        user=manifest.prompt.user,
        schema=canonical(_json(manifest.schema.json, folder / "suite.toml")) if manifest.schema else None,
        max_output_tokens=manifest.max_output_tokens,
        epochs=manifest.epochs,
        graded=manifest.graded,
        rule=manifest.rule,
        split="fresh" if fresh is not None else split,
        splits=manifest.splits,
        samples=samples,
        controls=controls,
        check=check,
        generate=generator,
        draws=manifest.draws,
        prove=_callable(folder, package, manifest.controls) if manifest.controls else None,
        mutated=manifest.mutants,
        equivalents=_equivalents(folder, manifest, controls),
        checker_hash=checker_hash,
        hash=_suite_hash(manifest, samples, checker_hash),
        runs_code=_runs_code(folder, manifest.checker),
    )


def checker(folder: Path) -> tuple[Check, bool]:
    """The checker of a suite alone, and whether it runs the code of answers (`Suite.runs_code`)."""
    manifest = read_toml(folder / "suite.toml", Manifest)
    return _callable(folder, _package(folder), manifest.checker), _runs_code(folder, manifest.checker)


def frozen(folder: Path) -> Iterator[tuple[Path, list[Sample]]]:
    """The data files that the generator makes, with what it makes for them; the files need not exist yet."""
    manifest = read_toml(folder / "suite.toml", Manifest)
    _check_manifest(manifest, folder / "suite.toml")
    if manifest.generator is None:
        raise BadInput(manifest.id, "has no generator")
    generator = _callable(folder, _package(folder), manifest.generator)
    for name, split in manifest.splits.items():
        if split.seed is not None:
            path = folder / "data" / f"{manifest.id}.{name}.jsonl"
            yield path, generate(manifest.splits, generator, split=name)


def proof(folder: Path) -> tuple[Path, list[Control]] | None:
    """The controls file with what the suite's program makes for it from the frozen public samples, if there is one."""
    manifest = read_toml(folder / "suite.toml", Manifest)
    _check_manifest(manifest, folder / "suite.toml")
    if manifest.controls is None:
        return None
    package = _package(folder)
    generator = _callable(folder, package, manifest.generator) if manifest.generator else None
    samples = _samples(manifest, folder, generator, split="public", fresh=None)
    made: Prove = _callable(folder, package, manifest.controls)
    return folder / "controls.jsonl", list(made(samples))


def generate(splits: Mapping[str, Split], generator: Generate, *, split: str, seed: str | None = None) -> list[Sample]:
    """The samples of a generated split, in file order; `seed` replaces the split's own."""
    plan = splits[split]
    return [
        generator(seed if seed is not None else str(plan.seed), level, index)
        for level, count in zip(LEVELS, plan.per_level, strict=False)
        for index in range(count)
    ]


def ordered(suite: Suite) -> tuple[Sample, ...]:
    """The samples in the suite's fixed order, in which evidence is taken: unit by unit, registered ones first.

    The rest of the order is random and depends on names alone.
    """
    units = stats.in_order(suite.order, {sample.template for sample in suite.samples}, suite.id)
    place = {unit: number for number, unit in enumerate(units)}
    return tuple(sorted(suite.samples, key=lambda sample: (place[sample.template], digest([suite.id, sample.id]))))


def narrow(suite: Suite, *, levels: Iterable[int] = (), limit: int | None = None) -> Suite:
    """The suite with fewer samples: only some levels, only the first `limit` of the fixed order."""
    wanted = set(levels)
    kept = [sample for sample in ordered(suite) if not wanted or sample.level in wanted]
    return dataclasses.replace(suite, samples=tuple(kept[:limit]))


def sources(folder: Path, checker: str) -> list[Path]:
    """The source files that decide a verdict: the checker, what it imports beside it, and our modules it uses."""
    harness = Path(__file__).parent
    seen: dict[Path, None] = {}
    waiting = [folder / checker.partition(":")[0]]
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file():
            continue
        seen[path] = None
        if path.parent == folder:
            waiting += _imported(path, folder, harness)
    return sorted(seen, key=lambda path: (path.parent != folder, path.as_posix()))


def _imported(path: Path, folder: Path, harness: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if not isinstance(node, ast.ImportFrom):
            continue
        module = node.module or ""
        if node.level == 1:
            for name in [module] if module else [alias.name for alias in node.names]:
                yield folder / f"{name.split('.')[0]}.py"
        elif module.startswith(("harness.checkers", "harness.sandbox", "harness.explore")):
            place = harness.joinpath(*module.split(".")[1:])
            yield place.with_suffix(".py")
            if module != "harness.checkers":
                yield from (place if place.is_dir() else place.parent).rglob("*.py")


def _runs_code(folder: Path, checker: str) -> bool:
    return any(path.parent == Path(__file__).parent / "sandbox" for path in sources(folder, checker))


def _source_hash(folder: Path, checker: str) -> str:
    total = hashlib.sha256()
    for path in sources(folder, checker):
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def _suite_hash(manifest: Manifest, samples: Iterable[Sample], checker_hash: str) -> str:
    prompt = [manifest.prompt.system, manifest.prompt.user, manifest.schema and manifest.schema.json]
    asked = sorted(hashlib.sha256(line(sample).encode()).hexdigest() for sample in samples)
    return digest([asked, checker_hash, prompt, manifest.max_output_tokens])


def _check_manifest(manifest: Manifest, path: Path) -> None:
    rule = manifest.rule
    checks = (
        (path.parent.resolve().name == manifest.id, f"id: {manifest.id!r} is not the folder's name"),
        (0 < rule.margin < 1, "rule.margin: must lie between 0 and 1"),
        (0 < rule.alpha < Decimal("0.5"), "rule.alpha: must lie between 0 and 0.5"),
        (0 <= rule.bar < 1, "rule.bar: must be at least 0 and below 1"),
        (rule.horizon > 0, "rule.horizon: must be positive"),
        (manifest.epochs > 0, "epochs: must be positive"),
        (manifest.max_output_tokens > 0, "max_output_tokens: must be positive"),
        ("public" in manifest.splits, "splits: there must be one named public"),
    )
    for fine, problem in checks:
        if not fine:
            raise BadInput(str(path), problem)
    for name, split in manifest.splits.items():
        if sum(given is not None for given in (split.seed, split.file, split.hub)) != 1:
            raise BadInput(str(path), f"splits.{name}: give exactly one of seed (generated), file and hub")
        if split.seed is not None and (manifest.generator is None or not split.per_level):
            raise BadInput(str(path), f"splits.{name}: a generated split needs per_level here and a generator")
        if split.hub is not None and split.revision is None:
            raise BadInput(str(path), f"splits.{name}.revision: pin the revision of a Hub dataset")
    prompts.check(manifest.prompt.user, f"{path}: prompt.user")


def _samples(
    manifest: Manifest, folder: Path, generator: Generate | None, *, split: str, fresh: str | None
) -> tuple[Sample, ...]:
    if split not in manifest.splits:
        raise BadInput(manifest.id, f"no split {split!r} ({did_you_mean(split, manifest.splits)})")
    chosen = manifest.splits[split]
    if fresh is not None:
        if generator is None or not chosen.per_level:
            raise BadInput(manifest.id, "has no generator, so there are no fresh samples; drop --fresh")
        samples = generate(manifest.splits, generator, split=split, seed=f"fresh-{fresh}")
        place = f"{folder}/generator.py"
    elif chosen.seed is None:
        samples, place = hub.read(chosen, folder), str(chosen.file or chosen.hub)
    else:
        path = folder / "data" / f"{manifest.id}.{split}.jsonl"
        samples, place = read_lines(path, Sample), str(path)
    _check_samples(samples, place)
    return tuple(samples)


def _check_samples(samples: list[Sample], place: str) -> None:
    if not samples:
        raise BadInput(place, "no samples")
    for id_, count in Counter(sample.id for sample in samples).items():
        if count > 1:
            number = [n for n, sample in enumerate(samples, start=1) if sample.id == id_][1]
            raise BadInput(f"{place}:{number}", f"duplicate id {id_!r}; ids must be unique")
    for number, sample in enumerate(samples, start=1):
        if sample.metadata.get("level") not in LEVELS:
            raise BadInput(f"{place}:{number}", "metadata.level: must be 1, 2, 3, 4 or 5")
        if not isinstance(sample.metadata.get("template"), str):
            raise BadInput(f"{place}:{number}", "metadata.template: missing; name what the sample was made from")


def _controls(folder: Path, samples: tuple[Sample, ...] | None) -> tuple[Control, ...]:
    path = folder / "controls.jsonl"
    if not path.is_file():
        raise BadInput(str(path), "no such file; a checker needs answers that must pass and answers that must fail")
    controls = tuple(read_lines(path, Control))
    if {control.expect for control in controls} != {"pass", "fail"}:
        raise BadInput(str(path), "give at least one answer that must pass and one that must fail")
    known = {sample.id for sample in samples or ()}
    seen: set[str] = set()
    for number, control in enumerate(controls, start=1):
        if control.id in seen:
            raise BadInput(f"{path}:{number}", f"duplicate id {control.id!r}; ids must be unique")
        if samples is not None and control.sample not in known:
            raise BadInput(f"{path}:{number}", f"no public sample {control.sample!r}")
        seen.add(control.id)
    return controls


def _equivalents(folder: Path, manifest: Manifest, controls: Iterable[Control]) -> tuple[Equivalent, ...]:
    """The mutants that may pass, each of a right answer that the manifest has mutated."""
    right = [control.id for control in controls if control.expect == "pass"]
    for pattern in manifest.mutants:
        if not fnmatch.filter(right, pattern):
            raise BadInput(str(folder / "suite.toml"), f"mutants: no right answer {pattern!r} in controls.jsonl")
    path = folder / "equivalents.jsonl"
    return tuple(read_lines(path, Equivalent)) if path.is_file() else ()


def _json(text: str, path: Path) -> Any:
    import json

    try:
        return json.loads(text)
    except ValueError as error:
        raise BadInput(str(path), f"schema.json: not valid JSON: {error}") from None


def _package(folder: Path) -> str:
    """Make the folder importable as a package of its own, so that its modules can import each other.

    The name holds a hash of the sources: changed files are loaded anew, unchanged ones once.
    """
    place = folder.resolve()
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(place.rglob("*.py"))]
    name = f"_tierfloor_suite_{digest([place.as_posix(), texts])[:16]}"
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(place)]
        package.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
        sys.modules[name] = package
    return name


def _callable(folder: Path, package: str, reference: str) -> Any:
    """The function that `file.py:name` names in a suite's folder."""
    file, _, name = reference.partition(":")
    place = str(folder / "suite.toml")
    module_name = f"{package}.{file.removesuffix('.py')}"
    module = sys.modules.get(module_name)
    if module is None:
        spec = importlib.util.spec_from_file_location(module_name, (folder / file).resolve())
        if spec is None or spec.loader is None or not (folder / file).is_file():
            raise BadInput(place, f"no file {file!r} in the folder")
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            del sys.modules[module_name]
            raise BadInput(str(folder / file), f"does not load: {type(error).__name__}: {error}") from error
    found: Check | Generate | None = getattr(module, name, None)
    if not callable(found):
        public = [each for each in vars(module) if not each.startswith("_")]
        raise BadInput(place, f"no function {name!r} in {file} ({did_you_mean(name, public)})")
    return found
