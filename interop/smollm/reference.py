"""What transformers computes with the converted SmolLM2, for `compare.ts` to hold the embedded engine against.

    python convert.py && python reference.py   # writes <folder>/reference.json

For each of ten prompts: token ids, the greedy completion (64 tokens, float32, two threads), and for every position of
prompt and completion the log-probabilities of the four likeliest tokens and of four fixed ones from all over the
vocabulary.
"""

import argparse
import base64
import json
import pathlib
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from convert import CACHE

NEW_TOKENS = 64
LIKELIEST = 4
FIXED_TOKENS = (11, 1789, 20480, 49151)

QUESTIONS = [
    "What is the capital of France?",
    "Which organ makes insulin, and what happens when it fails?",
    "Write one sentence about the history of vaccination.",
    "A 54-year-old man has crushing chest pain for 2 hours. Name three tests to order first.",
    "Übersetze ins Englische: „Der Patient hat Fieber und Husten.“",
]
TEXTS = [
    "The mitral valve lies between",
    "def factorial(n):\n    ",
    "1, 1, 2, 3, 5, 8, 13,",
    "体温 38.5 °C, 脉搏 96/min. The doctor said:",
    "Iron deficiency anaemia is the most common anaemia worldwide. " * 12 + "Its first treatment is",
]


def prompts(tokenizer) -> list[dict]:
    chats = [[{"role": "user", "content": question}] for question in QUESTIONS]
    rendered = [tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats]
    plain = [{"question": None, "text": text} for text in TEXTS]
    return [{"question": q, "text": text} for q, text in zip(QUESTIONS, rendered)] + plain


def floats(values: torch.Tensor) -> dict:
    numbers = values.to(torch.float32).contiguous().numpy().astype("<f4")
    return {"shape": list(numbers.shape), "f32": base64.b64encode(numbers.tobytes()).decode()}


@torch.no_grad()
def complete(model, tokenizer, prompt: dict) -> dict:
    ids = tokenizer(prompt["text"], add_special_tokens=False).input_ids
    inputs = torch.tensor([ids])
    output = model.generate(
        input_ids=inputs,
        attention_mask=torch.ones_like(inputs),
        do_sample=False,
        max_new_tokens=NEW_TOKENS,
        output_logits=True,
        return_dict_in_generate=True,
    )
    completion = output.sequences[0, len(ids) :]
    best = torch.log_softmax(torch.cat(output.logits).double(), -1).topk(2, -1).values
    whole = torch.log_softmax(model(input_ids=output.sequences).logits[0].double(), -1)
    likeliest = whole.topk(LIKELIEST, -1)
    tokens = torch.cat([likeliest.indices, torch.tensor([FIXED_TOKENS]).expand(len(whole), -1)], -1)
    return {
        **prompt,
        "promptTokens": ids,
        "tokens": completion.tolist(),
        "completion": tokenizer.decode(completion, skip_special_tokens=True),
        "margins": floats(best[:, 0] - best[:, 1]),
        "scoredTokens": tokens.tolist(),
        "scoredLogprobs": floats(whole.gather(1, tokens)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, default=CACHE, help=f"folder that convert.py wrote, {CACHE} unless told")
    args = parser.parse_args()
    torch.set_num_threads(2)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32).eval()
    started = time.perf_counter()
    completions = [complete(model, tokenizer, prompt) for prompt in prompts(tokenizer)]
    seconds = time.perf_counter() - started
    made = sum(len(completion["tokens"]) for completion in completions)
    file = args.model / "reference.json"
    file.write_text(json.dumps({"prompts": completions}))
    print(f"{file}: {len(completions)} prompts, {made} tokens in {seconds:.1f} s (one at a time, scoring included)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
