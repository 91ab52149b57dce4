"""Golden numbers of tiny random models, made by transformers, PyTorch and PEFT.

One JSON file per model: its `config.json` and weights, and what the reference computes with them: logits, losses,
the gradient of every parameter, greedy completions, and the same for low-rank adapters. `npm test` holds the embedded
engine against these files without Python (src/engine/local/golden*.test.ts).

    python make_goldens.py && npx biome format --write .   # remake every file
    python make_goldens.py --check                         # remake in memory and compare with the committed files

Needs torch 2.13, transformers 5.23, peft 0.21 (CPU). Gradients and logits are computed in float64, with transformers'
RMSNorm kept in float64 as well; rope angles stay in float32 as transformers has them. Arrays are little-endian float32
in base64, under the key `f32` beside their `shape`. Weights are exact in bfloat16, so every export format is lossless.
"""

import argparse
import copy
import json
import pathlib
import sys
import tempfile

import numpy
import peft
import safetensors.torch
import torch
import transformers
from transformers.models.llama import modeling_llama
from transformers.models.qwen2 import modeling_qwen2
from transformers.models.qwen3 import modeling_qwen3

from arrays import array, arrays, differences
from families import ADAPTERS, FAMILIES

HERE = pathlib.Path(__file__).parent
NEW_TOKENS = 12
PROMPT_LENGTHS = (5, 3)
LENGTHS = (9, 14)
LOSS_NAMES = ("importance_sampling", "ppo", "cispo")
CLIP = {"importance_sampling": (0.0, float("inf")), "ppo": (0.8, 1.2), "cispo": (0.0, 1.1)}
# Two tokens closer than this could be told apart by rounding alone.
SMALLEST_MARGIN = 5e-3


def exact_rms_norm(self, hidden_states: torch.Tensor) -> torch.Tensor:
    """RMSNorm without the detour over float32."""
    variance = hidden_states.pow(2).mean(-1, keepdim=True)
    return self.weight * (hidden_states * torch.rsqrt(variance + self.variance_epsilon))


class ExactNorms:
    """transformers' RMSNorm computes in float32 whatever the model; within this block it keeps the model's precision."""

    classes = (modeling_llama.LlamaRMSNorm, modeling_qwen2.Qwen2RMSNorm, modeling_qwen3.Qwen3RMSNorm)

    def __enter__(self) -> None:
        self.originals = [norm.forward for norm in self.classes]
        for norm in self.classes:
            norm.forward = exact_rms_norm

    def __exit__(self, *_: object) -> None:
        for norm, forward in zip(self.classes, self.originals):
            norm.forward = forward


def draw(shape: torch.Size, generator: torch.Generator, scale: float, centre: float = 0.0) -> torch.Tensor:
    values = centre + scale * torch.randn(shape, generator=generator, dtype=torch.float64)
    return values.to(torch.bfloat16).to(torch.float32)


def make_model(name: str) -> torch.nn.Module:
    """A model whose every parameter is random, biases and norms included, and large enough for real gradients."""
    family = FAMILIES[name]
    config = family.config_class(**family.settings)
    model = family.model_class(config).eval()
    generator = torch.Generator().manual_seed(family.seed)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            is_norm = parameter_name.endswith("norm.weight")
            parameter.copy_(draw(parameter.shape, generator, 0.2 if parameter.dim() == 1 else 0.35, 1.0 if is_norm else 0.0))
    model.tie_weights()
    model.generation_config = transformers.GenerationConfig(eos_token_id=None, pad_token_id=0, do_sample=False)
    return model


def make_data(vocab_size: int, seed: int) -> list[dict]:
    """Ragged sequences with random targets; the first two positions are a prompt, one more carries no weight."""
    generator = numpy.random.RandomState(seed)
    data = []
    for length in LENGTHS:
        weights = numpy.round(generator.uniform(0.5, 1.5, length), 3)
        advantages = numpy.round(generator.normal(size=length), 3)
        for values in (weights, advantages):
            values[[0, 1, length // 2]] = 0
        data.append(
            {
                "inputTokens": generator.randint(0, vocab_size, length).tolist(),
                "targetTokens": generator.randint(0, vocab_size, length).tolist(),
                "weights": weights.tolist(),
                "advantages": advantages.tolist(),
                "noise": numpy.round(0.3 * generator.normal(size=length), 3).tolist(),
            }
        )
    return data


def target_logprobs(model: torch.nn.Module, datum: dict) -> tuple[torch.Tensor, torch.Tensor]:
    logits = model(input_ids=torch.tensor([datum["inputTokens"]])).logits[0]
    targets = torch.tensor(datum["targetTokens"])[:, None]
    return logits, torch.log_softmax(logits.double(), -1).gather(1, targets)[:, 0]


def policy_loss(name: str, logprobs: torch.Tensor, datum: dict) -> torch.Tensor:
    """The losses of the Tinker API, summed over tokens."""
    low, high = CLIP[name]
    advantages = torch.tensor(datum["advantages"], dtype=torch.float64)
    ratio = torch.exp(logprobs - torch.tensor(datum["logprobs"], dtype=torch.float64))
    if name == "importance_sampling":
        return -(ratio * advantages).sum()
    if name == "ppo":
        return -torch.minimum(ratio * advantages, ratio.clamp(low, high) * advantages).sum()
    return -(ratio.clamp(low, high).detach() * logprobs * advantages).sum()


def gradients_of(model: torch.nn.Module, data: list[dict], loss_of) -> tuple[float, dict[str, torch.Tensor]]:
    model.zero_grad()
    total = sum(loss_of(target_logprobs(model, datum)[1], datum) for datum in data)
    total.backward()
    return total.item(), {name: p.grad for name, p in model.named_parameters() if p.requires_grad}


def cross_entropy(logprobs: torch.Tensor, datum: dict) -> torch.Tensor:
    return -(torch.tensor(datum["weights"], dtype=torch.float64) * logprobs).sum()


def logits_of(model: torch.nn.Module, data: list[dict]) -> list[torch.Tensor]:
    with torch.no_grad():
        return [target_logprobs(model, datum)[0] for datum in data]


def greedy_completions(model: torch.nn.Module, data: list[dict]) -> list[dict]:
    """Completions of `generate` in float32, as a user would run it."""
    completions = []
    for datum, length in zip(data, PROMPT_LENGTHS):
        prompt = datum["inputTokens"][:length]
        output = model.generate(
            input_ids=torch.tensor([prompt]),
            attention_mask=torch.ones(1, length, dtype=torch.long),
            max_new_tokens=NEW_TOKENS,
            output_logits=True,
            return_dict_in_generate=True,
        )
        tokens = output.sequences[0, length:]
        logprobs = torch.log_softmax(torch.cat(output.logits).double(), -1)
        best = logprobs.topk(2, -1).values
        margin = (best[:, 0] - best[:, 1]).min().item()
        if margin < SMALLEST_MARGIN:
            raise SystemExit(f"two tokens are {margin:.1e} nats apart: choose another seed in families.py")
        completions.append(
            {
                "promptTokens": prompt,
                "tokens": tokens.tolist(),
                "logprobs": array(logprobs.gather(1, tokens[:, None])[:, 0]),
            }
        )
    return completions


def add_adapter(model: torch.nn.Module, name: str, seed: int) -> peft.PeftModel:
    targets = ADAPTERS[name]
    wrapped = peft.get_peft_model(model, peft.LoraConfig(r=4, lora_alpha=8, target_modules=targets, task_type="CAUSAL_LM"))
    generator = torch.Generator().manual_seed(seed + 1000)
    with torch.no_grad():
        for parameter_name, parameter in wrapped.named_parameters():
            if "lora_" in parameter_name:
                parameter.copy_(draw(parameter.shape, generator, 0.25))
    return wrapped.eval()


def saved_adapter(wrapped: peft.PeftModel) -> tuple[dict, dict[str, torch.Tensor]]:
    """The two files that PEFT writes."""
    with tempfile.TemporaryDirectory() as folder:
        wrapped.save_pretrained(folder)
        config = json.loads((pathlib.Path(folder) / "adapter_config.json").read_text())
        # PEFT writes a set, in another order each time.
        config["target_modules"].sort()
        return config, safetensors.torch.load_file(pathlib.Path(folder) / "adapter_model.safetensors")


def adapter_golden(model_name: str, adapter_name: str, data: list[dict]) -> dict:
    seed = FAMILIES[model_name].seed
    wrapped = add_adapter(make_model(model_name), adapter_name, seed)
    config, tensors = saved_adapter(wrapped)
    greedy = greedy_completions(wrapped, data)
    with ExactNorms():
        exact = wrapped.double()
        logits = logits_of(exact, data)
        loss, gradients = gradients_of(exact, data, cross_entropy)
        is_tied_head = exact.config.tie_word_embeddings and "lm_head" in ADAPTERS[adapter_name]
        # PEFT adds the head's adapter to the tied embedding too, which is another model: nothing to compare with.
        merged = [] if is_tied_head else logits_of(copy.deepcopy(exact).merge_and_unload(), data)
    return {
        "adapterConfig": config,
        "tensors": arrays(tensors),
        "logits": [array(values) for values in logits],
        "crossEntropy": {
            "loss": loss,
            "gradients": arrays({key.replace(".default", ""): values for key, values in gradients.items()}),
        },
        "greedy": greedy,
        "mergedLogits": [array(values) for values in merged],
    }


def model_golden(name: str) -> dict:
    family = FAMILIES[name]
    model = make_model(name)
    data = make_data(model.config.vocab_size, family.seed)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        config = json.loads((pathlib.Path(folder) / "config.json").read_text())
    weights = dict(model.named_parameters())
    golden = {
        "origin": "interop/golden/make_goldens.py, " + ", ".join(f"{m.__name__} {m.__version__}" for m in (torch, transformers, peft)),
        "config": config,
        "weights": arrays(weights),
        "greedy": greedy_completions(model, data),
    }
    with ExactNorms():
        exact = copy.deepcopy(model).double()
        for datum, noise in ((datum, datum.pop("noise")) for datum in data):
            with torch.no_grad():
                sampled = target_logprobs(exact, datum)[1] + torch.tensor(noise, dtype=torch.float64)
            datum["logprobs"] = [round(value, 4) if a else 0 for value, a in zip(sampled.tolist(), datum["advantages"])]
        golden["data"] = data
        golden["logits"] = [array(values) for values in logits_of(exact, data)]
        loss, gradients = gradients_of(exact, data, cross_entropy)
        golden["crossEntropy"] = {"loss": loss, "gradients": arrays(gradients)}
        golden["policyLosses"] = {}
        for loss_name in LOSS_NAMES if family.has_policy_losses else ():
            loss, gradients = gradients_of(exact, data, lambda logprobs, datum: policy_loss(loss_name, logprobs, datum))
            low, high = CLIP[loss_name]
            bounds = {} if loss_name == "importance_sampling" else {"clipLowThreshold": low, "clipHighThreshold": high}
            golden["policyLosses"][loss_name] = {"config": bounds, "loss": loss, "gradients": arrays(gradients)}
    golden["adapters"] = {adapter: adapter_golden(name, adapter, data) for adapter in family.adapters}
    return golden


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed files instead of writing them")
    parser.add_argument("--only", choices=sorted(FAMILIES), help="one model instead of all")
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    differing = 0
    for name in [args.only] if args.only else FAMILIES:
        file = HERE / f"{name}.json"
        golden = json.loads(json.dumps(model_golden(name), allow_nan=False))
        if args.check:
            lines = differences(golden, json.loads(file.read_text()))
            differing += len(lines)
            print("\n".join([f"{name}: {len(lines)} differences", *lines[:10]]))
        else:
            file.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n")
            print(f"{name}: {file.stat().st_size:,} bytes, loss {golden['crossEntropy']['loss']:.4f}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
