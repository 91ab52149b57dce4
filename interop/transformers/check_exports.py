"""Do transformers and PEFT compute with our exports what our engine computes?

    npx tsx interop/transformers/export_all.ts DIR
    python interop/transformers/check_exports.py DIR

Every export of `export_all.ts` (whole, sharded, bfloat16, float16, PEFT adapter, merged; every family) is loaded with
`from_pretrained` and nothing else, and its log-probabilities (within 1e-4 nats) and greedy ids (equal) are compared with
the engine's own. Adapters are checked against vLLM's documented rules too. Exit code 1 when one differs.
"""

import argparse
import json
import pathlib
import sys

import torch
import transformers
from peft import PeftModel
from transformers import AutoModelForCausalLM

from vllm_layout import adapter_faults

TOLERANCE = 1e-4


def load(folder: pathlib.Path) -> torch.nn.Module:
    """The model of a folder in float32, an adapter over the base that its config names."""
    config = folder / "adapter_config.json"
    if not config.exists():
        model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
        faults = {kind: names for kind, names in info.items() if names}
        if faults:
            raise SystemExit(f"{folder}: transformers reports {faults}")
        return model.eval()
    base = AutoModelForCausalLM.from_pretrained(json.loads(config.read_text())["base_model_name_or_path"], dtype=torch.float32)
    return PeftModel.from_pretrained(base, folder).eval()


@torch.no_grad()
def worst_logprob_error(model: torch.nn.Module, sequences: list[dict]) -> float:
    worst = 0.0
    for sequence in sequences:
        logits = model(input_ids=torch.tensor([sequence["inputTokens"]])).logits[0].double()
        found = torch.log_softmax(logits, -1)
        worst = max(worst, (found - torch.tensor(sequence["logprobs"], dtype=torch.float64)).abs().max().item())
    return worst


def greedy_differences(model: torch.nn.Module, completions: list[dict]) -> list[str]:
    differing = []
    for completion in completions:
        prompt, tokens = completion["promptTokens"], completion["tokens"]
        output = model.generate(
            input_ids=torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            do_sample=False,
            max_new_tokens=len(tokens),
            pad_token_id=0,
        )
        found = output[0, len(prompt) :].tolist()
        if found != tokens:
            differing.append(f"after {prompt}: engine {tokens}, transformers {found}")
    return differing


def check(folder: pathlib.Path) -> tuple[float, list[str]]:
    expected = json.loads((folder / "expected.json").read_text())
    model = load(folder)
    error = worst_logprob_error(model, expected["sequences"])
    faults = greedy_differences(model, expected["greedy"])
    if not error <= TOLERANCE:
        faults.append(f"log-probabilities differ by {error:.1e} nats")
    if (folder / "adapter_config.json").exists():
        faults += adapter_faults(folder, model.get_base_model().config.architectures[0])
    return error, faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=pathlib.Path, help="the folder given to export_all.ts")
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    passed = failed = 0
    worst = 0.0
    for file in sorted((args.root / "exports").glob("*/*/expected.json")):
        error, faults = check(file.parent)
        worst = max(worst, error)
        passed, failed = (passed, failed + 1) if faults else (passed + 1, failed)
        name = file.parent.relative_to(args.root / "exports")
        print("\n  ".join([f"{'differs' if faults else 'same':8}{error:.1e}  {name}", *faults]))
    print(f"largest difference of a log-probability: {worst:.1e} nats")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
