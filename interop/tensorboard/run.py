"""TensorBoard reads our event files: `python3 interop/tensorboard/run.py`.

Writes event files with src/core/tensorboard.ts and reads them with the `tensorboard` package (no TensorFlow). Prints one
line per proof and at last `N passed, N failed`; where pip cannot install it, `0 passed, 0 failed, 1 not installed`.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from shared import ROOT, TSX, python_with  # noqa: E402

PACKAGES = ["tensorboard==2.21.0"]


def main() -> int:
    python = python_with("tensorboard", [PACKAGES])
    if python is None:
        print("0 passed, 0 failed, 1 not installed")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*TSX, str(HERE / "write.ts"), folder], cwd=ROOT, check=True)
        return subprocess.run([python, str(HERE / "check.py"), folder]).returncode


sys.exit(main())
