"""What every proof shares: the connection, one datum, and one line per claim."""

import json
import os
import time
from pathlib import Path

import numpy as np
import tinker
from tinker import types

BASE_MODEL = os.environ.get("FLEMING_TINKER_BASE", "toy")
# Ids of the toy tasks; every base model of the proofs has more.
TOKENS = 60
STOP = 1
RANK = 8
# Nobody waits longer for one answer: a hang is a failure.
PATIENCE_S = 120
GREEDY = {"temperature": 0.0, "stop": [STOP]}

# Prompts of three tokens; the answer is the prompt backwards, then STOP.
PROMPTS = [[4 + (7 * i) % 56, 4 + (11 * i + 3) % 56, 4 + (5 * i + 20) % 56] for i in range(12)]


def answer(prompt: list[int]) -> list[int]:
    return [*reversed(prompt), STOP]


def handover() -> Path:
    """What the training process leaves for the one that resumes."""
    return Path(os.environ["FLEMING_TINKER_WORK"]) / "handover.json"


def connect() -> tinker.ServiceClient:
    return tinker.ServiceClient(base_url=os.environ["FLEMING_TINKER_URL"], api_key="tml-dummy")


def check(claim: str, holds: bool, measured: str = "") -> None:
    """Print one line that `run.py` counts."""
    print(f"{'ok' if holds else 'not ok'} - {claim}{f' ({measured})' if measured else ''}", flush=True)


def tensor(values: list, dtype: str) -> types.TensorData:
    return types.TensorData(data=values, dtype=dtype, shape=[len(values)])


def datum(tokens: list[int], **arrays: list[float]) -> types.Datum:
    """Position i of every array belongs to the prediction of tokens[i + 1]."""
    inputs = {"target_tokens": tensor(tokens[1:], "int64")}
    inputs.update({name: tensor(values, "float32") for name, values in arrays.items()})
    return types.Datum(model_input=types.ModelInput.from_ints(tokens[:-1]), loss_fn_inputs=inputs)


def taught(prompt: list[int]) -> types.Datum:
    """The answer is trained, the prompt is not."""
    tokens = prompt + answer(prompt)
    return datum(tokens, weights=[0.0] * (len(prompt) - 1) + [1.0] * (len(prompt) + 1))


def adam(learning_rate: float, **more: float) -> types.AdamParams:
    return types.AdamParams(learning_rate=learning_rate, **more)


def logprobs(output: types.ForwardBackwardOutput) -> list[np.ndarray]:
    """[datum][position], whatever container this SDK generation puts them in."""
    return [np.asarray(one["logprobs"].data, dtype=np.float64).reshape(-1) for one in output.loss_fn_outputs]


def step(client: tinker.TrainingClient, data: list[types.Datum], loss: str, learning_rate: float):
    """One update; both requests are under way before either is awaited, as the cookbook does it."""
    backward = client.forward_backward(data, loss)
    update = client.optim_step(adam(learning_rate))
    output = backward.result(PATIENCE_S)
    update.result(PATIENCE_S)
    return output


def scored(client: tinker.TrainingClient, sequences: list[list[int]]) -> list[np.ndarray]:
    """log p of tokens 1.. of every sequence under the model in training."""
    data = [datum(tokens, weights=[1.0] * (len(tokens) - 1)) for tokens in sequences]
    return logprobs(client.forward(data, "cross_entropy").result(PATIENCE_S))


def raw_prompt_logprobs(sampler: tinker.SamplingClient, tokens: list[int]) -> list[float | None]:
    return sampler.compute_logprobs(types.ModelInput.from_ints(tokens)).result(PATIENCE_S)


def prompt_logprobs(sampler: tinker.SamplingClient, tokens: list[int]) -> np.ndarray:
    """log p of tokens 1.. under a sampler; servers differ in whether token 0 has an (empty) entry."""
    values = raw_prompt_logprobs(sampler, tokens)
    return np.array(values[1:] if len(values) == len(tokens) else values, dtype=np.float64)


def sample(sampler: tinker.SamplingClient, prompt: list[int], count: int = 1, **settings) -> list:
    params = types.SamplingParams(**settings)
    asked = sampler.sample(types.ModelInput.from_ints(prompt), num_samples=count, sampling_params=params)
    return asked.result(PATIENCE_S).sequences


def recited(sampler: tinker.SamplingClient) -> int:
    """How many of the prompts get their answer, greedily."""
    texts = [list(sample(sampler, prompt, max_tokens=6, **GREEDY)[0].tokens) for prompt in PROMPTS]
    return sum(text == answer(prompt) for text, prompt in zip(texts, PROMPTS, strict=True))


def ready(client):
    """SDKs from 0.30 or so hand out a client that may still be in the making; wait for it."""
    return client.result(PATIENCE_S) if hasattr(client, "result") else client


def largest(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))


def read_handover() -> dict:
    return json.loads(handover().read_text())


def finish() -> None:
    """Leave at once: requests that never end would hold the interpreter."""
    os._exit(0)


class Clock:
    def __init__(self) -> None:
        self.start = time.monotonic()

    def __str__(self) -> str:
        return f"{time.monotonic() - self.start:.1f} s"
