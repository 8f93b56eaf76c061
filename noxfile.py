from __future__ import annotations

import shutil
import tempfile
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "typing", "tests", "suites", "routing", "wheel", "bare"]

NO_KEYS = {"HF_HUB_OFFLINE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def run_in(session: nox.Session, venv: str, program: str, *arguments: str) -> None:
    """Run a program of another session's environment, so that one installation serves several sessions."""
    program_path = session.cache_dir.parent / venv / "bin" / program
    session.run(str(program_path.absolute()), *arguments, external=True, env=NO_KEYS)


@nox.session(default=False)
def dev(session: nox.Session) -> None:
    """Install the checkout with everything that developing it takes."""
    session.install("-e", ".[dev]")


@nox.session(requires=["dev"], venv_backend="none")
def lint(session: nox.Session) -> None:
    """Check style and format."""
    run_in(session, "dev", "ruff", "check", ".")
    run_in(session, "dev", "ruff", "format", "--check", ".")


@nox.session(requires=["dev"], venv_backend="none")
def typing(session: nox.Session) -> None:
    """Check types."""
    run_in(session, "dev", "mypy")


@nox.session(requires=["dev"], venv_backend="none")
def tests(session: nox.Session) -> None:
    """Run all tests that need no model and no key; `-- -m 'not slow'` runs the fast ones."""
    run_in(session, "dev", "pytest", "-n", "2", *(session.posargs or ["-m", "not live"]))


@nox.session(requires=["dev"], venv_backend="none")
def suites(session: nox.Session) -> None:
    """Prove every suite: data, prompt, and checker by controls and some mutants; `-- crud --mutants` judges all mutants."""
    run_in(session, "dev", "tierfloor", "lint", *(session.posargs or ["--mutants", "60"]))


@nox.session(requires=["dev"], venv_backend="none")
def routing(session: nox.Session) -> None:
    """Regenerate the routing table from stored answers and fail if anything would change."""
    run_in(session, "dev", "tierfloor", "route", "--check", *session.posargs)


@nox.session(requires=["dev"], venv_backend="none")
def bench(session: nox.Session) -> None:
    """Run the benchmark suites: stored answers first, the models for the rest."""
    run_in(session, "dev", "tierfloor", "run", *session.posargs)


@nox.session(requires=["dev"], venv_backend="none")
def curves(session: nox.Session) -> None:
    """Draw the cost-quality curves."""
    run_in(session, "dev", "tierfloor", "plot", *session.posargs)


@nox.session(requires=["dev"], venv_backend="none")
def perf(session: nox.Session) -> None:
    """Measure the program and its sandbox beside limits and peers; `-- --quick` leaves out the peers."""
    peers = {"inspect": ("inspect-ai==0.3.285", "openai==3.54.0"), "lm_eval": ("lm-eval[api]==0.4.13",)}
    beside = []
    for name, packages in peers.items() if "--quick" not in session.posargs else ():
        place = (session.cache_dir.parent / f"perf-{name}").absolute()
        run_in(session, "dev", "python", "-m", "venv", str(place))
        session.run(str(place / "bin" / "pip"), "install", "-q", *packages, external=True, env=NO_KEYS)
        beside += [f"--{name}", str(place)]
    run_in(session, "dev", "python", "tests/perf/bench.py", *beside, *session.posargs)
    few = ("--count", "40") if "--quick" in session.posargs else ()
    run_in(session, "dev", "python", "tests/perf/gradings.py", *few, *beside[:2])


@nox.session(requires=["dev"], venv_backend="none")
def calibration(session: nox.Session) -> None:
    """Simulate how often the tests err, and write docs/calibration.*; `-- --check` only fails if they would change."""
    run_in(session, "dev", "python", "tests/calibration/calibrate.py", *session.posargs)


@nox.session(requires=["dev"])
def wheel(session: nox.Session) -> None:
    """Do the job with the built wheel alone, in an empty folder, from the answers it carries."""
    dist = Path(session.create_tmp(), "dist")
    shutil.rmtree(dist, ignore_errors=True)
    run_in(session, "dev", "hatchling", "build", "-t", "wheel", "-d", str(dist))
    (built,) = dist.glob("*.whl")
    session.install(str(built))
    session.install("--force-reinstall", "--no-deps", str(built))
    offline_job(session)


@nox.session(requires=["wheel"], venv_backend="none")
def bare(session: nox.Session) -> None:
    """Show that no optional package is needed: `--help` and the offline job without them."""
    absent = "import importlib.util as u, sys; sys.exit(any(map(u.find_spec, ['xllamacpp', 'mypy', 'hypothesis'])))"
    run_in(session, "wheel", "python", "-c", absent)
    run_in(session, "wheel", "tierfloor", "--help")
    offline_job(session)


def offline_job(session: nox.Session) -> None:
    """Run the job of the installed wheel where there is no checkout, and see that every suite gets its floors."""
    kinds = [tomllib.loads(path.read_text())["category"] for path in Path("suites").glob("*/suite.toml")]
    with tempfile.TemporaryDirectory() as folder:
        program = (session.cache_dir.parent / "wheel" / "bin" / "tierfloor").absolute()
        with session.chdir(folder):
            said = session.run(
                str(program),
                "run",
                external=True,
                silent=True,
                env={**NO_KEYS, "TIERFLOOR_CACHE": "answers", "TIERFLOOR_WEIGHTS": "weights"},
            )
    session.log(said)
    if missing := [kind for kind in kinds if kind not in str(said)]:
        session.error(f"no floors of {', '.join(missing)}")
