"""TRL trains on fixed rollouts: `python losses.py DIR`, after prepare.ts wrote DIR (run.py does all).

Each case is a whole `train()` of TRL's GRPOTrainer or RLOOTrainer: its data loader, advantages, masks, old and reference
log-probabilities, loss and `backward()`. Replaced are only the sampler, which hands out the fixed completions, and the
optimiser, which writes down the gradient and moves the weights by a fixed length against it. Written for each optimiser
step: the loss, the gradient of every parameter, the weights afterwards.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from datasets import Dataset
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer
from trl.rewards import get_soft_overlong_punishment

# L2 norm of a move of all weights: far enough that ratios leave their bounds, near enough that some stay.
MOVE = 0.1


class RecordingOptimizer(torch.optim.Optimizer):
    """Notes gradient and weights at each step; the move does not depend on the size of the gradient."""

    def __init__(self, named: dict[str, torch.nn.Parameter]):
        self.named = named
        self.steps: list[dict[str, torch.Tensor]] = []
        super().__init__(list(named.values()), {"lr": 1.0})

    @torch.no_grad()
    def step(self, closure=None):
        gradients = {name: parameter.grad.clone() for name, parameter in self.named.items()}
        norm = torch.sqrt(sum((gradient**2).sum() for gradient in gradients.values()))
        for name, parameter in self.named.items():
            parameter -= MOVE * gradients[name] / norm
        noted = {f"gradient.{name}": gradient for name, gradient in gradients.items()}
        noted.update({f"weight.{name}": parameter.detach().clone() for name, parameter in self.named.items()})
        self.steps.append(noted)


def recording(base: type, with_logprobs: bool) -> type:
    """The trainer with the fixed completions instead of a sampler, and with its losses written down."""

    class Recording(base):
        fixed: dict
        losses: list

        def _generate_single_turn(self, prompt_ids, *_args, **_kwargs):
            seen: dict = {}
            completions, logprobs = [], []
            for ids in prompt_ids:
                group = self.fixed[tuple(ids)]
                member = seen[tuple(ids)] = seen.get(tuple(ids), -1) + 1
                completions.append(group["completions"][member])
                logprobs.append(group["mismatched"][member])
            return (completions, logprobs if self.hands_out_logprobs else None) if with_logprobs else completions

        def compute_loss(self, *args, **kwargs):
            loss = super().compute_loss(*args, **kwargs)
            self.losses.append(loss.item())
            return loss

    return Recording


TRAINERS = {"grpo": (recording(GRPOTrainer, True), GRPOConfig), "rloo": (recording(RLOOTrainer, False), RLOOConfig)}


def word(token: int) -> str:
    """Closed on both sides, so that no special token is found within another."""
    return f"<{token}>"


def make_tokenizer(vocabulary: int, pad: int, eos: int) -> PreTrainedTokenizerFast:
    """One word per token."""
    backend = Tokenizer(models.WordLevel({word(token): token for token in range(vocabulary)}, unk_token=word(pad)))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=backend, pad_token=word(pad), eos_token=word(eos), padding_side="left")


def run_case(case: dict, folder: Path, groups: list, tokenizer, max_tokens: int, out: Path) -> None:
    trainer_class, config_class = TRAINERS[case["trainer"]]
    arguments = dict(case["trl"])
    rollouts = sum(len(group["completions"]) for group in groups)
    rewards = {
        (tuple(group["promptTokens"]), tuple(ids)): reward
        for group in groups
        for ids, reward in zip(group["completions"], group["rewards"])
    }
    texts = {" ".join(word(token) for token in group["promptTokens"]): tuple(group["promptTokens"]) for group in groups}

    def fixed_reward(prompts, completion_ids, **_):
        return [rewards[texts[prompt], tuple(ids)] for prompt, ids in zip(prompts, completion_ids)]

    accumulated = arguments.get("gradient_accumulation_steps", 1)
    arguments.setdefault("beta", 0.0)
    args = config_class(
        output_dir=str(out / "trainer"),
        per_device_train_batch_size=rollouts // accumulated,
        num_generations=len(groups[0]["completions"]),
        max_completion_length=max_tokens,
        num_iterations=case["updates"],
        max_steps=case["updates"],
        max_grad_norm=0.0,
        temperature=1.0,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        shuffle_dataset=False,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        **arguments,
    )
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    optimizer = RecordingOptimizer(dict(model.named_parameters()))
    trainer = trainer_class(
        model=model,
        reward_funcs=fixed_reward,
        args=args,
        train_dataset=Dataset.from_list([{"prompt": text} for text in texts]),
        processing_class=tokenizer,
        optimizers=(optimizer, None),
    )
    trainer.fixed = {tuple(group["promptTokens"]): group for group in groups}
    trainer.losses = []
    trainer.hands_out_logprobs = case.get("mismatch", False)
    # vLLM samples nothing here: the flag switches on TRL's own correction for log-probabilities that are not the trainer's.
    trainer.use_vllm = trainer.hands_out_logprobs
    if arguments["beta"] != 0.0:
        trainer.ref_model.load_state_dict(AutoModelForCausalLM.from_pretrained(f"{folder}-reference").state_dict())
    trainer.train()
    assert len(optimizer.steps) == case["updates"] and len(trainer.losses) == case["updates"] * accumulated
    for index, noted in enumerate(optimizer.steps):
        save_file({name: tensor.contiguous() for name, tensor in noted.items()}, out / f"{case['slug']}-{index + 1}.safetensors")
    sums = [sum(trainer.losses[index * accumulated : (index + 1) * accumulated]) for index in range(case["updates"])]
    (out / f"{case['slug']}.json").write_text(json.dumps({"losses": sums}))


def main() -> None:
    folder = Path(sys.argv[1])
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    plan = json.loads((folder / "cases.json").read_text())
    punishment = get_soft_overlong_punishment(plan["maxTokens"], plan["overlongCache"])
    overlong = punishment(completion_ids=[[1] * length for length in range(plan["maxTokens"] + 3)])
    (folder / "penalties.json").write_text(json.dumps({"overlong": overlong}))
    for name in plan["models"]:
        groups = json.loads((folder / name / "rollouts.json").read_text())
        config = json.loads((folder / name / "config.json").read_text())
        tokenizer = make_tokenizer(config["vocab_size"], plan["padToken"], plan["eosToken"])
        out = folder / name / "trl"
        out.mkdir(exist_ok=True)
        for case in plan["cases"]:
            run_case(case, folder / name, groups, tokenizer, plan["maxTokens"], out)


main()
