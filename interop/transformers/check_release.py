"""Does the release folder of a run mean the same to Hugging Face transformers as to Fleming?

Loads the folder with transformers, answers the run's own held-out questions greedily and compares every completion,
character by character, with the answer that Fleming's evaluation sealed. Exit code 1 when one differs.

    python -m venv .venv && . .venv/bin/activate
    pip install torch==2.13.0 transformers
    python check_release.py ../../runs/default --count 40
"""

import argparse
import json
import pathlib
import sys

from transformers import AutoModelForCausalLM, AutoTokenizer


def read_jsonl(file: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines() if line]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=40, help="held-out questions to compare")
    args = parser.parse_args()

    folder = args.run / "release" / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    stems = {question["id"]: question["stem"] for question in read_jsonl(args.run / "questions" / "questions.jsonl")}
    answers = read_jsonl(args.run / "evaluation" / "answers-rl-2.jsonl")
    step = max(1, len(answers) // args.count)
    differing = 0
    compared = answers[::step][: args.count]
    for answer in compared:
        messages = [{"role": "user", "content": stems[answer["questionId"]]}]
        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        inputs = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)
        output = model.generate(**inputs, do_sample=False, max_new_tokens=48)
        tokens = output[0][inputs.input_ids.shape[1] :]
        if len(tokens) and tokens[-1] == tokenizer.eos_token_id:
            tokens = tokens[:-1]
        text = tokenizer.decode(tokens, clean_up_tokenization_spaces=False)
        if text != answer["completion"]:
            differing += 1
            print(f"differs: {stems[answer['questionId']]}\n  fleming      {answer['completion']}\n  transformers {text}")
    print(f"{len(compared)} greedy completions compared with {type(model).__name__}, {differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
