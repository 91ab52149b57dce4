"""What training relies on, asked of a server through the official SDK."""

import io
import os
import sys
import tarfile
import time
import urllib.request

import numpy as np
import tinker
from flaky import Flaky
from toy import BASE_MODEL, PATIENCE_S, PROMPTS, RANK, adam, answer, check, connect, datum, finish, largest
from toy import logprobs, prompt_logprobs, raw_prompt_logprobs, ready, sample, scored, step, taught

TEXTS = [prompt + answer(prompt) for prompt in PROMPTS[:3]] + [PROMPTS[3] + PROMPTS[4] + PROMPTS[5]]
DATA = [taught(prompt) for prompt in PROMPTS[:4]]
# An update with a huge eps is plain gradient descent: learning rate · gradient / eps.
SGD_EPS = 1e6
SGD_STEP = 2e-5
AGREE = 1e-4


def model(service: tinker.ServiceClient, seed: int = 5) -> tinker.TrainingClient:
    return ready(service.create_lora_training_client(base_model=BASE_MODEL, rank=RANK, seed=seed))


def sampling(service: tinker.ServiceClient) -> None:
    client = model(service)
    for _ in range(3):
        step(client, DATA, "cross_entropy", 1e-2)
    sampler = client.save_weights_and_get_sampling_client()
    trainer = scored(client, TEXTS)
    gap = largest(trainer, [prompt_logprobs(sampler, text) for text in TEXTS])
    check("compute_logprobs is what forward computes", gap < AGREE, f"{gap:.1e} nats")
    raw = raw_prompt_logprobs(sampler, TEXTS[0])
    holds = len(raw) == len(TEXTS[0]) and (raw[0] is None or np.isnan(raw[0]))
    check("prompt logprobs: one a token, the first undefined", holds, f"{len(raw)} for {len(TEXTS[0])}, first {raw[0]}")

    prompt = PROMPTS[0]
    drawn = sample(sampler, prompt, 6, max_tokens=8, temperature=1.0, seed=3)
    own = scored(client, [prompt + list(one.tokens) for one in drawn])
    gap = largest([np.array(one.logprobs) for one in drawn], [values[len(prompt) - 1 :] for values in own])
    check("logprobs of completions are what forward computes", gap < AGREE, f"{gap:.1e} nats")
    again = sample(sampler, prompt, 6, max_tokens=8, temperature=1.0, seed=3)
    same = [list(one.tokens) for one in again] == [list(one.tokens) for one in drawn]
    distinct = len({tuple(one.tokens) for one in drawn})
    check("a seed names the draw, and its samples differ", same and distinct > 1, f"{distinct} of 6 distinct")

    stop = int(drawn[0].tokens[2])
    stopped = sample(sampler, prompt, 8, max_tokens=40, temperature=1.0, seed=4, stop=[stop])
    ends = [(str(one.stop_reason), list(one.tokens)) for one in stopped]
    holds = all(("stop" in reason) == (tokens[-1] == stop) and stop not in tokens[:-1] for reason, tokens in ends)
    check("a completion ends with the stop token it met, or at max_tokens", holds)

    texts_before = [list(sample(sampler, prompt, 1, max_tokens=8, temperature=0.0)[0].tokens) for prompt in PROMPTS]
    before = [prompt_logprobs(sampler, text) for text in TEXTS]
    for _ in range(5):
        step(client, DATA, "cross_entropy", 3e-2)
    moved = scored(client, TEXTS)
    gap = largest(before, [prompt_logprobs(sampler, text) for text in TEXTS])
    texts = [list(sample(sampler, prompt, 1, max_tokens=8, temperature=0.0)[0].tokens) for prompt in PROMPTS]
    holds = gap == 0 and texts == texts_before and largest(before, moved) > 0.1
    check("a sampler keeps its weights while training goes on", holds, f"moved by {gap:.1e} nats")
    gap = largest(moved, scored(client, TEXTS))
    check("sampling an old snapshot leaves the trainer alone", gap == 0, f"{gap:.1e} nats")


def shift(service: tinker.ServiceClient, calls: list[list]) -> np.ndarray:
    """How far one descent step moves all logprobs from a fresh model."""
    client = model(service)
    before = scored(client, TEXTS)
    for data in calls:
        client.forward_backward(data, "cross_entropy").result(PATIENCE_S)
    client.optim_step(adam(SGD_STEP * SGD_EPS, eps=SGD_EPS)).result(PATIENCE_S)
    return np.concatenate([a - b for a, b in zip(scored(client, TEXTS), before, strict=True)])


def losses(service: tinker.ServiceClient) -> None:
    client = model(service)
    short, long = [taught(PROMPTS[0])], [datum(TEXTS[3], weights=[1.0] * (len(TEXTS[3]) - 1))]
    output = client.forward_backward(short + long, "cross_entropy").result(PATIENCE_S)
    weighted = zip(short + long, logprobs(output), strict=True)
    own = -sum(float((np.array(one.loss_fn_inputs["weights"].data) * values).sum()) for one, values in weighted)
    reported = output.metrics.get("loss:sum", float("nan"))
    check("loss:sum is the weighted sum over tokens and data", abs(own - reported) < 1e-3, f"{own:.4f}, {reported:.4f}")

    one, other = shift(service, [short]), shift(service, [long])
    both, apart = shift(service, [short + long]), shift(service, [short, long])
    gap = float(np.abs(both - one - other).max() / np.abs(both).max())
    check("the gradient of two sequences is the sum of theirs", gap < 0.02, f"{gap:.1e} of the largest move")
    gap = float(np.abs(both - apart).max())
    check("two calls accumulate to the same step as one", gap < AGREE, f"{gap:.1e} nats")


def lost_answers(service: tinker.ServiceClient) -> None:
    proxy = Flaky(os.environ["FLEMING_TINKER_URL"])
    through = tinker.ServiceClient(base_url=proxy.url, api_key="tml-dummy")

    def run(of: tinker.ServiceClient) -> tuple[list[np.ndarray], list[int]]:
        client = model(of, seed=9)
        for _ in range(3):
            step(client, DATA, "cross_entropy", 1e-2)
        sampler = client.save_weights_and_get_sampling_client()
        return scored(client, TEXTS), list(sample(sampler, PROMPTS[0], 1, max_tokens=6, seed=1)[0].tokens)

    (values, tokens), (through_values, through_tokens) = run(service), run(through)
    gap = largest(values, through_values)
    lost = ", ".join(sorted(proxy.lost))
    holds = len(proxy.lost) >= 5 and gap == 0 and tokens == through_tokens
    check(
        "answers that were lost are asked for again and nothing is applied twice",
        holds,
        f"{gap:.1e} nats; lost: {lost}",
    )


def refusals(service: tinker.ServiceClient) -> None:
    def refused(call) -> tuple[bool, str]:
        start = time.monotonic()
        try:
            call()
        except Exception as error:  # noqa: BLE001  the kind of error is the SDK's choice, which differs between generations
            took = time.monotonic() - start
            return took < 20 and not isinstance(error, TimeoutError), f"{type(error).__name__} in {took:.1f} s"
        return False, "accepted"

    client = model(service)
    outside = [datum([5, 99_999], weights=[1.0])]
    ragged = [datum(TEXTS[0], weights=[1.0])]
    check(
        "a token outside the vocabulary is refused",
        *refused(lambda: client.forward(outside, "cross_entropy").result(30)),
    )
    check("weights of another length are refused", *refused(lambda: client.forward(ragged, "cross_entropy").result(30)))
    check("an unknown loss is refused", *refused(lambda: client.forward(DATA, "no_such_loss").result(30)))
    check(
        "an unknown base model is refused",
        *refused(lambda: ready(service.create_lora_training_client(base_model="no/such"))),
    )
    values = scored(client, TEXTS)
    check("the model goes on after refusals", bool(np.isfinite(np.concatenate(values)).all()))


def archive(service: tinker.ServiceClient) -> None:
    client = model(service)
    path = client.save_weights_for_sampler("archive").result(PATIENCE_S).path
    rest = service.create_rest_client()
    if not hasattr(rest, "get_checkpoint_archive_url_from_tinker_path"):
        print(f"skipped - a sampler downloads as PEFT files (tinker {tinker.__version__} has no such call)")
        return
    asked = rest.get_checkpoint_archive_url_from_tinker_path(path).result(PATIENCE_S)
    with urllib.request.urlopen(asked.url, timeout=60) as answer_:
        names = sorted(tarfile.open(fileobj=io.BytesIO(answer_.read())).getnames())
    holds = {"adapter_config.json", "adapter_model.safetensors"} <= {name.split("/")[-1] for name in names}
    check("a sampler downloads as PEFT files", holds, ", ".join(names))


def main() -> None:
    service = connect()
    for part in (sampling, losses, lost_answers, refusals, archive):
        try:
            part(service)
        except Exception as error:  # noqa: BLE001
            check(f"{part.__name__} runs to its end", False, f"{type(error).__name__}: {str(error)[:300]}")
    sys.stdout.flush()
    finish()


if __name__ == "__main__":
    main()
