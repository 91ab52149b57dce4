"""In a new process: go on from what `sft_toy.py` saved, and sample it."""

import numpy as np
from toy import PROMPTS, answer, check, connect, finish, largest, read_handover, ready, recited, scored, step, taught

LEARNING_RATE = 1e-2


def main() -> None:
    record = read_handover()
    saved = [np.array(values) for values in record["saved"]]
    stepped = [np.array(values) for values in record["stepped"]]
    texts = [prompt + answer(prompt) for prompt in PROMPTS]
    data = [taught(prompt) for prompt in PROMPTS][:4]
    service = connect()

    client = ready(service.create_training_client_from_state_with_optimizer(record["state"]))
    loaded = largest(scored(client, texts), saved)
    check("a new process loads the saved weights", loaded < 1e-4, f"largest difference {loaded:.1e} nats")
    step(client, data, "cross_entropy", LEARNING_RATE)
    continued = largest(scored(client, texts), stepped)
    check("with optimizer state, its next step is that of the first process", continued < 1e-4, f"{continued:.1e} nats")

    fresh = ready(service.create_training_client_from_state(record["state"]))
    loaded = largest(scored(fresh, texts), saved)
    step(fresh, data, "cross_entropy", LEARNING_RATE)
    differs = largest(scored(fresh, texts), stepped)
    holds = loaded < 1e-4 < 1e-3 < differs
    check("without it, the weights are the same and the step is another", holds, f"{loaded:.1e}, {differs:.1e} nats")

    count = recited(service.create_sampling_client(model_path=record["sampler"]))
    check("the saved sampler answers every prompt", count == len(PROMPTS), f"{count} of {len(PROMPTS)}")
    finish()


if __name__ == "__main__":
    main()
