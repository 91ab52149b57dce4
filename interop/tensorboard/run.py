"""TensorBoard reads our event files: `python3 interop/tensorboard/run.py`.

Writes event files with src/core/tensorboard.ts and reads them with the `tensorboard` package (no TensorFlow). Prints one
line per proof and at last `N passed, N failed`; where pip cannot install it, `0 passed, 0 failed, 1 not installed`.
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
PACKAGES = ["tensorboard==2.21.0"]


def python_with_tensorboard() -> str | None:
    """The interpreter of an environment with TensorBoard, made on first use; None when pip failed."""
    home = CACHE / "tensorboard"
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
    python = python_with_tensorboard()
    if python is None:
        print("0 passed, 0 failed, 1 not installed")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*TSX, str(HERE / "write.ts"), folder], cwd=ROOT, check=True)
        return subprocess.run([python, str(HERE / "check.py"), folder]).returncode


sys.exit(main())
