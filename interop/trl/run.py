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
ROOT = HERE.parent.parent
CACHE = Path(os.environ.get("FLEMING_INTEROP_CACHE", Path.home() / ".cache" / "fleming-interop"))
TSX = ["node", str(ROOT / "node_modules" / "tsx" / "dist" / "cli.mjs")]
# torch 2.13.0 is a CPU build where pip finds one; what else pip would choose is a CUDA build of several GB.
PACKAGES = ["torch==2.13.0", "transformers==5.23.0", "trl==1.16.0", "accelerate==1.15.0", "datasets==5.2.0"]


def python_with_trl() -> str | None:
    """The interpreter of an environment with TRL, made on first use; None when pip failed."""
    home = CACHE / "trl"
    python, mark = home / "bin" / "python", home / "installed"
    if mark.exists() and mark.read_text() == str(PACKAGES):
        return str(python)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
    done = subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], capture_output=True, text=True)
    if done.returncode != 0:
        print(f"pip could not install {' '.join(PACKAGES)}:\n{(done.stderr or done.stdout).strip()}", flush=True)
        return None
    mark.write_text(str(PACKAGES))
    return str(python)


def main() -> int:
    python = python_with_trl()
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
