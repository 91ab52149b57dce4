"""Our losses and gradients beside TRL's: `python3 interop/trl/run.py`.

Installs TRL (CPU) into an environment of its own, lets its trainers and ours train on the same rollouts, and compares each
loss and the gradient of every parameter (cases.ts). Prints a table and at last `N passed, N failed`; where pip cannot
install it, `0 passed, 0 failed, 1 not installed`.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from shared import ROOT, TSX, python_with  # noqa: E402

# torch 2.13.0 is a CPU build where pip finds one; what else pip would choose is a CUDA build of several GB.
PACKAGES = ["torch==2.13.0", "transformers==5.23.0", "trl==1.16.0", "accelerate==1.15.0", "datasets==5.2.0"]


def main() -> int:
    python = python_with("trl", [PACKAGES])
    if python is None:
        print("0 passed, 0 failed, 1 not installed")
        return 1
    # The models are so small that a second thread only waits for the first.
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*TSX, str(HERE / "prepare.ts"), folder], cwd=ROOT, check=True)
        subprocess.run([python, str(HERE / "losses.py"), folder], cwd=ROOT, check=True, env=env, stdout=subprocess.DEVNULL)
        return subprocess.run([*TSX, str(HERE / "compare.ts"), folder], cwd=ROOT).returncode


sys.exit(main())
