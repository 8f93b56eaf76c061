"""Other harnesses on the same questions, each installed in a virtual environment of its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from perf.clients import QUESTION
from perf.contenders import Contender, Job
from perf.measure import Used

__all__ = ["PEERS", "inspect_ai", "lm_eval"]

INSPECT_TASK = f"""\
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import match
from inspect_ai.solver import generate


@task
def four(calls: int) -> Task:
    samples = [Sample(id=number, input={QUESTION!r}.format(number), target="4") for number in range(calls)]
    return Task(dataset=MemoryDataset(samples), solver=generate(), scorer=match())
"""

LM_EVAL_TASK = """\
task: four
dataset_path: json
dataset_kwargs: {data_files: {test: four.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\\n\\n"], max_gen_toks: 16, temperature: 0.0}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
metadata: {version: 1.0}
"""


def inspect_ai(venv: Path) -> Contender:
    """inspect_ai with its cache on and its display off."""

    def command(job: Job) -> tuple[str, ...]:
        return (
            *(str(venv / "bin" / "inspect"), "eval", "four.py", "-T", f"calls={job.calls}"),
            *("--model", "openai-api/stub/stub", "--max-connections", str(job.connections)),
            *("--cache", "1W", "--display", "none", "--log-dir", "logs"),
        )

    def right(job: Job, _: Used) -> int:
        log = max((job.folder / "logs").glob("*.eval"))
        header = subprocess.run(
            [venv / "bin" / "inspect", "log", "dump", "--header-only", log], capture_output=True, check=True
        )
        results = json.loads(header.stdout)["results"]
        return int(results["completed_samples"] * results["scores"][0]["metrics"]["accuracy"]["value"] + 0.5)

    return Contender(
        name="inspect_ai",
        command=command,
        right=right,
        prepare=lambda job: _write(job.folder / "four.py", INSPECT_TASK),
        env=lambda job: {
            "STUB_BASE_URL": f"{job.url}/v1",
            "STUB_API_KEY": "x",
            "INSPECT_CACHE_DIR": str(job.folder / "cache"),
        },
    )


def lm_eval(venv: Path) -> Contender:
    """lm-eval with its cache on."""

    def command(job: Job) -> tuple[str, ...]:
        model = {
            "model": "stub",
            "base_url": f"{job.url}/v1/chat/completions",
            "num_concurrent": job.connections,
            "tokenizer_backend": "none",
            "max_retries": 1,
        }
        return (
            *(str(venv / "bin" / "lm_eval"), "run", "--model", "local-chat-completions"),
            *("--model_args", ",".join(f"{key}={value}" for key, value in model.items())),
            *("--include_path", "tasks", "--tasks", "four", "--limit", str(job.calls), "--apply_chat_template"),
            *("--use_cache", str(job.folder / "cache"), "--output_path", "out", "--log_samples"),
        )

    def prepare(job: Job) -> None:
        _write(job.folder / "tasks" / "four.yaml", LM_EVAL_TASK)
        rows = ({"question": QUESTION.format(number), "answer": "4"} for number in range(job.calls))
        _write(job.folder / "four.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))

    def right(job: Job, _: Used) -> int:
        newest = max((job.folder / "out").rglob("results_*.json"))
        results = json.loads(newest.read_text())["results"]["four"]
        return int(results["sample_len"] * results["exact_match,none"] + 0.5)

    return Contender(
        name="lm-eval",
        command=command,
        right=right,
        prepare=prepare,
        env=lambda job: {"HF_HOME": str(job.folder / "hub"), "TOKENIZERS_PARALLELISM": "false"},
    )


PEERS = {"inspect": inspect_ai, "lm_eval": lm_eval}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
