"""TRL's side of `npm run bench -- grpo`: `python speed.py DIR BATCH`, after bench/grpo/task.ts wrote DIR.

GRPOTrainer with the student of DIR/model, the prompts of DIR/task.json in their order, the same reward and one update a
step; float32, no checkpointing of gradients, no KL, no logging, nothing saved. BATCH rollouts go through one forward and
backward pass; all rollouts of a step are generated together. The last line is one JSON object: times of every step but
the first, in ms.
"""

import json
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

import torch
import transformers
import trl
from datasets import Dataset
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, TrainerCallback
from trl import GRPOConfig, GRPOTrainer


class Timed(GRPOTrainer):
    """Adds up where a step spends its time; computes nothing else."""

    sampling = 0.0
    before_update = 0.0

    def _generate_single_turn(self, *args, **kwargs):
        start = time.perf_counter()
        result = super()._generate_single_turn(*args, **kwargs)
        self.sampling += time.perf_counter() - start
        return result

    def _generate_and_score_completions(self, inputs):
        start = time.perf_counter()
        result = super()._generate_and_score_completions(inputs)
        self.before_update += time.perf_counter() - start
        return result


class StepClock(TrainerCallback):
    def __init__(self):
        self.trainer: Timed | None = None
        self.ends: list[tuple[float, float, float]] = []

    def on_step_end(self, args, state, control, **_):
        self.ends.append((time.perf_counter(), self.trainer.sampling, self.trainer.before_update))


def score(text: str, accepted: list[str] | None) -> float:
    """As `cheapReward` in bench/grpo/task.ts."""
    if accepted is None:
        return 1.0 if len(text) % 2 == 0 else 0.0
    answer = re.search(r"<answer>(.*?)</answer>", text, re.DOTALL)
    return 1.0 if answer and answer.group(1).strip() in accepted else 0.0


def main() -> None:
    folder, batch = Path(sys.argv[1]), int(sys.argv[2])
    task = json.loads((folder / "task.json").read_text())
    torch.set_num_threads(task["threads"])
    transformers.logging.set_verbosity_error()
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), padding_side="left")
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(task["endToken"])
    tokenizer.pad_token = tokenizer.eos_token
    for prompt in task["prompts"]:
        assert tokenizer(prompt["text"])["input_ids"] == prompt["ids"], "the same prompts on both sides"
    model = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32)
    rollouts = task["promptsPerStep"] * task["groupSize"]
    tokens: list[int] = []
    live: list[float] = []

    accepted_of = {prompt["text"]: prompt["accepted"] for prompt in task["prompts"]}

    def cheap_reward(prompts, completions, completion_ids, **_):
        rewards = [score(text, accepted_of[prompt]) for prompt, text in zip(prompts, completions)]
        tokens.append(sum(map(len, completion_ids)))
        groups = [set(rewards[at : at + task["groupSize"]]) for at in range(0, rollouts, task["groupSize"])]
        live.append(sum(len(group) > 1 for group in groups) / len(groups))
        return rewards

    clock = StepClock()
    with tempfile.TemporaryDirectory() as out:
        args = GRPOConfig(
            output_dir=out,
            per_device_train_batch_size=batch,
            gradient_accumulation_steps=rollouts // batch,
            num_generations=task["groupSize"],
            max_completion_length=task["maxTokens"],
            max_steps=task["steps"],
            learning_rate=task["learningRate"],
            lr_scheduler_type="constant",
            loss_type="dr_grpo",
            scale_rewards="none",
            beta=0.0,
            temperature=1.0,
            max_grad_norm=1.0,
            seed=task["seed"],
            shuffle_dataset=False,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        trainer = Timed(
            model=model,
            reward_funcs=cheap_reward,
            args=args,
            train_dataset=Dataset.from_list([{"prompt": prompt["text"]} for prompt in task["prompts"]]),
            processing_class=tokenizer,
            callbacks=[clock],
        )
        clock.trainer = trainer
        trainer.train()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    steps = []
    for (start, sampled, prepared), (end, sampled_then, prepared_then) in zip(clock.ends, clock.ends[1:]):
        sample, prepare = sampled_then - sampled, prepared_then - prepared
        parts = {"stepMs": end - start, "sampleMs": sample, "scoreMs": prepare - sample, "trainMs": end - start - prepare}
        steps.append({name: 1000 * seconds for name, seconds in parts.items()})
    result = {
        "steps": steps,
        "tokensPerStep": sum(tokens) / len(tokens),
        "liveShare": sum(live) / len(live),
        "peakBytes": usage.ru_maxrss * 1024,
        "cpuSeconds": usage.ru_utime + usage.ru_stime,
        "version": f"trl {trl.__version__}, torch {torch.__version__}, transformers {transformers.__version__}",
    }
    print("\n" + json.dumps(result))


main()
