"""What the runners of the proofs share: where things are, and Python environments that are made on first use."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("FLEMING_INTEROP_CACHE", Path.home() / ".cache" / "fleming-interop"))
TSX = ["node", str(ROOT / "node_modules" / "tsx" / "dist" / "cli.mjs")]


def python_with(name: str, installs: list[list[str]]) -> str | None:
    """The interpreter of the environment `name`, made on first use and anew when its packages change; None when pip failed.

    `installs` are the arguments of pip, one call each.
    """
    home = CACHE / name
    python, mark = home / "bin" / "python", home / "installed"
    if mark.exists() and mark.read_text() == str(installs):
        return str(python)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
    for packages in installs:
        done = subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], capture_output=True, text=True)
        if done.returncode != 0:
            print(f"pip could not install {' '.join(packages)}:\n{(done.stderr or done.stdout).strip()}", flush=True)
            return None
    mark.write_text(str(installs))
    return str(python)
