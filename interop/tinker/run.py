"""All Tinker proofs: the official SDK against our server, our client against SkyRL.

    python3 interop/tinker/run.py            everything
    python3 interop/tinker/run.py sdk        the SDK alone (no torch, no JAX to install)
    python3 interop/tinker/run.py skyrl      our client against the third-party server
    python3 interop/tinker/run.py recipe     `fleming run` on our server and on the third-party one

Prints one line per proof and at last `N passed, N failed`; ends with 1 when something failed. Packages go into
$FLEMING_INTEROP_CACHE (~/.cache/fleming-interop); what pip cannot install is reported in its words and has failed.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = Path(os.environ.get("FLEMING_INTEROP_CACHE", Path.home() / ".cache" / "fleming-interop"))
WORK = CACHE / "work"
TSX = ["node", str(ROOT / "node_modules" / "tsx" / "dist" / "cli.mjs")]

# One of each generation of the wire: JSON, protobuf, `sample_sequence_ids`.
SDKS = ("0.24.1", "0.25.0", "0.38.0")
SCRIPTS = ("sft_toy", "resume_toy", "grpo_toy", "checks")
# 2.13.0 is a CPU build where pip finds one; what else pip would choose is a CUDA build of several GB.
TORCH = "torch==2.13.0"
# Version, what pip is told in turns, what the server understands. 0.4.0 declares Python 3.12, for which pip has no CPU
# build of torch; it runs on 3.11 with the dependencies of 0.3.0 and three more (aiohttp is missing in its own list).
SKYRL = (
    ("0.3.0", [[TORCH, "skyrl[tinker,jax]==0.3.0", "tinker==0.24.1"]], "json"),
    (
        "0.4.0",
        [
            [TORCH, "skyrl[tinker,jax]==0.3.0", "tinker==0.25.0"],
            ["--no-deps", "--ignore-requires-python", "skyrl==0.4.0", "zstandard", "xxhash"],
            ["aiohttp"],
        ],
        "protobuf",
    ),
)
SKYRL_CONFIG = '{"max_lora_adapters":8,"max_lora_rank":32,"train_micro_batch_size":4,"sample_max_num_sequences":8}'
# The starter recipe in miniature. The student is made here and knows facts and form a little; servers go on from it.
SMALL = {
    "graph.diseases": "12",
    "questions.perHop": '{"1": 40, "2": 60, "3": 60, "4": 40}',
    "questions.comparativePerHop": '{"2": 10, "3": 10}',
    "cold-start.items": "48",
    "rl-1.promptsPerStep": "12",
    "rl-1.groupSize": "4",
    "rl-2.mining": "false",
    "rl-2.promptsPerStep": "12",
    "rl-2.groupSize": "4",
    "evaluation.perHop": "5",
}
SHORT_RL = {"rl-1.steps": "1", "rl-2.steps": "1", "release.stage": "cold-start"}
STUDENT = {"pretrain.steps": "200", "cold-start.epochs": "15", **SHORT_RL}
REMOTE = {"pretrain.steps": "0", "cold-start.epochs": "4", "rl-1.steps": "3", "rl-2.steps": "3"}
ADAPTER = {"engine.kind": "tinker", "engine.lora": "{rank: 16}"}
START_S = 240
SCRIPT_S = 600


class Tally:
    passed = 0
    failed = 0
    missing = 0

    def line(self, who: str, text: str) -> None:
        """Count a line of a script; other lines are only shown."""
        if text.startswith("ok - "):
            self.passed += 1
        elif text.startswith("not ok - "):
            self.failed += 1
        print(f"{who}: {text}", flush=True)

    def fail(self, who: str, text: str) -> None:
        self.line(who, f"not ok - {text}")


def run(command: list[str], **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=SCRIPT_S,
    )


def python_of(name: str, installs: list[list[str]], tally: Tally) -> Path | None:
    """The interpreter of a virtual environment with the packages; None when pip failed, and then that is reported."""
    home = CACHE / name
    python, mark = home / "bin" / "python", home / "installed"
    if mark.exists():
        return python
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    for packages in installs:
        done = subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if line and not line.startswith("WARNING: Location")]
            tally.missing += 1
            print(f"{name}: not installed - pip install {' '.join(packages)}: {' | '.join(said[-4:])}", flush=True)
            return None
    mark.write_text("\n".join(" ".join(packages) for packages in installs))
    return python


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serving(command: list[str], port: int, log: Path, **environment: str):
    """A server until the block ends; yields its address once it answers."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as sink:
        server = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=sink, stderr=sink, start_new_session=True
        )
        try:
            await_health(port, server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def await_health(port: int, server: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}: {log.read_text()[-600:]}")
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/healthz", timeout=5):
                return
        time.sleep(0.5)
    raise RuntimeError(f"no answer in {START_S} s: {log.read_text()[-600:]}")


def run_script(who: str, command: list[str], tally: Tally, **environment: str) -> None:
    """Run one script; a script that prints no claim has failed."""
    try:
        done = run(command, **environment)
    except subprocess.TimeoutExpired:
        tally.fail(who, f"ends within {SCRIPT_S} s")
        return
    claims = [line for line in done.stdout.splitlines() if line.startswith(("ok - ", "not ok - "))]
    for line in claims:
        tally.line(who, line)
    if done.returncode != 0 or not claims:
        tail = " | ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        tally.fail(who, f"runs to its end: {tail[:600]}")


@contextlib.contextmanager
def our_server(base: Path, work: Path):
    port = free_port()
    command = [*TSX, "src/cli/main.ts", "engine", "serve", "--model", str(base), "--threads", "2"]
    command += ["--port", str(port), "--dir", str(work / "server")]
    with serving(command, port, work / "server.log") as url:
        yield url


@contextlib.contextmanager
def skyrl_server(python: Path, base: Path, work: Path):
    port = free_port()
    command = [str(python), str(HERE / "skyrl_server.py"), "--port", str(port), "--base-model", str(base)]
    command += ["--backend", "jax", "--backend-config", SKYRL_CONFIG]
    command += ["--checkpoints-base", str(work / "checkpoints"), "--database-url", f"sqlite:///{work}/skyrl.db"]
    with serving(command, port, work / "server.log", JAX_PLATFORMS="cpu") as url:
        yield url


def fresh(name: str) -> Path:
    work = WORK / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    return work


def sdk_proofs(base: Path, tally: Tally) -> None:
    for version in SDKS:
        python = python_of(f"tinker-{version}", [[f"tinker=={version}"]], tally)
        if python is None:
            continue
        work = fresh(f"sdk-{version}")
        try:
            with our_server(base, work) as url:
                told = {"FLEMING_TINKER_URL": url, "FLEMING_TINKER_BASE": str(base), "FLEMING_TINKER_WORK": str(work)}
                for script in SCRIPTS:
                    who = f"sdk {version} {script}"
                    run_script(who, [str(python), str(HERE / f"{script}.py")], tally, TINKER_TELEMETRY="0", **told)
        except RuntimeError as error:
            tally.fail(f"sdk {version}", f"our server starts: {error}")


def skyrl_proofs(base: Path, tally: Tally) -> None:
    for version, installs, encoding in SKYRL:
        python = python_of(f"skyrl-{version}", installs, tally)
        if python is None:
            continue
        work = fresh(f"skyrl-{version}")
        try:
            with skyrl_server(python, base, work) as url:
                ours = [*TSX, str(HERE / "third_party.ts"), url, str(base), encoding]
                run_script(f"skyrl {version}", ours, tally, TINKER_API_KEY="tml-dummy", FLEMING_TINKER_WORK=str(work))
        except RuntimeError as error:
            tally.fail(f"skyrl {version}", f"its server starts: {error}")


def recipe(name: str, root: Path, *settings: dict[str, str]) -> subprocess.CompletedProcess:
    """`fleming run` with settings on top of fleming.yaml; only those of `engine` differ between servers."""
    pairs = [f"--set={key}={value}" for part in settings for key, value in part.items()]
    command = [*TSX, "src/cli/main.ts", "run", "--root", str(root), "--name", name, "--quiet", *pairs]
    return run(command, TINKER_API_KEY="tml-dummy")


def metrics(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def judge_recipe(who: str, folder: Path, kind: str, tally: Tally) -> None:
    def check(claim: str, holds: bool, measured: str) -> None:
        tally.line(who, f"{'ok' if holds else 'not ok'} - {claim} ({measured})")

    opened = json.loads((folder / "engine.jsonl").read_text().splitlines()[0])
    check("the run records whose server it used", opened["facts"]["serverKind"] == kind, opened["facts"]["serverKind"])
    losses = [step["train/loss"] for step in metrics(folder / "cold-start")]
    measured = f"{losses[0]:.3f} to {losses[-1]:.3f} nats in {len(losses)} steps"
    check("the cold start lowers its loss", losses[-1] < losses[0], measured)
    steps = metrics(folder / "rl-1") + metrics(folder / "rl-2")
    trained = [step["train/tokens"] for step in steps]
    gap = max(step["engine/logprob_gap_max"] for step in steps)
    holds = len(steps) == 6 and sum(count > 0 for count in trained) >= 3
    check("six GRPO steps on what the server sampled, at least three with a signal", holds, f"trained tokens {trained}")
    check("sampler and trainer agree on them", gap < 1e-3, f"{gap:.1e} nats at most")
    files = sorted(path.name for path in (folder / "release" / "model").glob("*.safetensors"))
    check("it ends with a release", bool(files), ", ".join(files))


def recipe_proofs(_base: Path, tally: Tally) -> None:
    work = fresh("recipe")
    made = recipe("student", work, SMALL, STUDENT)
    if made.returncode != 0:
        tally.fail("recipe", f"the embedded engine makes the student: {made.stderr[-600:]}")
        return
    student = work / "student" / "release" / "model"
    version, installs, _ = SKYRL[-1]
    python = python_of(f"skyrl-{version}", installs, tally)
    servers = {"fleming": lambda: our_server(student, work / "fleming")}
    if python is not None:
        servers["skyrl-jax"] = lambda: skyrl_server(python, student, work / "skyrl-jax")
    for kind, server in servers.items():
        who = f"recipe on {kind}"
        try:
            with server() as url:
                engine = {**ADAPTER, "engine.model": str(student), "engine.tinker.url": url}
                done = recipe(f"on-{kind}", work, SMALL, REMOTE, engine)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            tally.fail(who, f"server and run end in time: {error}")
            continue
        if done.returncode != 0:
            tally.fail(who, f"the run ends: {done.stderr[-600:]}")
            continue
        judge_recipe(who, work / f"on-{kind}", kind, tally)


def main() -> int:
    parts = {"sdk": sdk_proofs, "skyrl": skyrl_proofs, "recipe": recipe_proofs}
    asked = sys.argv[1:] or list(parts)
    if unknown := [name for name in asked if name not in parts]:
        print(f"unknown: {', '.join(unknown)}; known: {', '.join(parts)}", file=sys.stderr)
        return 2
    WORK.mkdir(parents=True, exist_ok=True)
    base = WORK / "base"
    made = run([*TSX, str(HERE / "make_base.ts"), str(base)])
    if made.returncode != 0:
        print(made.stderr, file=sys.stderr)
        return 1
    tally = Tally()
    for name in asked:
        parts[name](base, tally)
    print(f"{tally.passed} passed, {tally.failed} failed" + (f", {tally.missing} not installed" if tally.missing else ""))
    return 1 if tally.failed or tally.missing else 0


if __name__ == "__main__":
    sys.exit(main())
