"""Teach a toy task by supervised fine-tuning, sample it, and save everything for `resume_toy.py`."""

import json

import numpy as np
from toy import BASE_MODEL, PATIENCE_S, PROMPTS, RANK, Clock, answer, check, connect, finish, handover, logprobs
from toy import ready, recited, scored, step, taught

STEPS = 80
LEARNING_RATE = 1e-2


def main() -> None:
    clock = Clock()
    client = ready(connect().create_lora_training_client(base_model=BASE_MODEL, rank=RANK, seed=1))
    data = [taught(prompt) for prompt in PROMPTS]
    weights = [np.array(one.loss_fn_inputs["weights"].data) for one in data]
    losses = []
    for _ in range(STEPS):
        pairs = zip(weights, logprobs(step(client, data, "cross_entropy", LEARNING_RATE)), strict=True)
        losses.append(float(-sum((w * p).sum() for w, p in pairs) / sum(w.sum() for w in weights)))
    measured = f"{losses[0]:.3f} to {losses[-1]:.4f} nats a token in {STEPS} steps, {clock}"
    check("supervised loss falls below 0.05 nats a token", losses[0] > 2 and losses[-1] < 0.05, measured)

    state = client.save_state("sft-end").result(PATIENCE_S).path
    sampler_path = client.save_weights_for_sampler("sft-end").result(PATIENCE_S).path
    sampler = client.create_sampling_client(model_path=sampler_path)
    count = recited(sampler)
    check("the sampler answers every trained prompt", count == len(PROMPTS), f"{count} of {len(PROMPTS)}")

    texts = [prompt + answer(prompt) for prompt in PROMPTS]
    saved = scored(client, texts)
    # The step after the save needs the optimizer's moments: whoever resumes must repeat it.
    step(client, data[:4], "cross_entropy", LEARNING_RATE)
    stepped = scored(client, texts)
    record = {
        "state": state,
        "sampler": sampler_path,
        "saved": [values.tolist() for values in saved],
        "stepped": [values.tolist() for values in stepped],
    }
    handover().write_text(json.dumps(record))
    finish()


if __name__ == "__main__":
    main()
