"""Does PEFT compute with the adapter of train.ts what the engine computed?

    npx tsx interop/smollm/train.ts && python interop/smollm/check_adapter.py

Loads converted base and saved adapter, measures the held-out loss and compares: within 1e-4 nats a token.
"""

import argparse
import json
import pathlib
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from convert import CACHE

TOLERANCE = 1e-4


@torch.no_grad()
def mean_loss(model: torch.nn.Module, data: list[dict]) -> float:
    total, count = 0.0, 0
    for datum in data:
        logits = model(input_ids=torch.tensor([datum["inputTokens"]])).logits[0].double()
        total += torch.nn.functional.cross_entropy(logits, torch.tensor(datum["targetTokens"]), reduction="sum").item()
        count += len(datum["targetTokens"])
    return total / count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, default=CACHE, help=f"folder that convert.py wrote, {CACHE} unless told")
    args = parser.parse_args()
    torch.set_num_threads(2)
    adapter = args.model / "lora-facts"
    expected = json.loads((adapter / "held-out.json").read_text())
    base = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32).eval()
    found = {"before": mean_loss(base, expected["data"])}
    found["after"] = mean_loss(PeftModel.from_pretrained(base, adapter).eval(), expected["data"])
    for moment in ("before", "after"):
        print(f"{moment:7} engine {expected[moment]:.6f}, PEFT {found[moment]:.6f} nats a token")
    worst = max(abs(found[moment] - expected[moment]) for moment in found)
    print(f"largest difference {worst:.1e}")
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
