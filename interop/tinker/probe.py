"""Measure how a Tinker server behaves where servers differ. Facts, not proofs: nothing here passes or fails.

`FLEMING_TINKER_URL=http://… FLEMING_TINKER_BASE=… python probe.py`
"""

import json
import os
import time

import numpy as np
from tinker import types
from toy import BASE_MODEL, RANK, adam, connect, datum, prompt_logprobs, scored

A = [5, 9, 12, 33, 21, 40, 7, 8, 2, 11, 50, 3]
B = [6, 13, 60, 22]
# End of text of the base that make_base.ts writes.
EOS = int(os.environ.get("FLEMING_TINKER_EOS", 258))
# An update with a huge eps is plain gradient descent: lr · g / eps.
SGD_EPS = 1e6
# Small enough that logprobs move in proportion.
STEP = 5e-4
# A server that answers 500 for ever would be asked for ever.
PATIENCE_S = 25


def fact(name: str, value: object) -> None:
    print(f"{name}: {json.dumps(value) if isinstance(value, dict | list) else value}", flush=True)


def attempt(name: str, call) -> None:
    start = time.monotonic()
    try:
        outcome = f"accepted: {str(call())[:160]}"
    except Exception as error:  # noqa: BLE001  every refusal is the fact to be recorded
        outcome = f"{type(error).__name__}: {str(error)[:300]}"
    fact(name, f"{outcome} [{time.monotonic() - start:.1f} s]")


class Prober:
    def __init__(self) -> None:
        self.service = connect()
        self.client = self.service.create_lora_training_client(base_model=BASE_MODEL, rank=RANK, seed=1)

    def shift(self, data: list, loss: str, calls: int = 1, **options: float) -> np.ndarray:
        """How far one descent step moves the logprobs of sequence A from a fresh model, per unit of lr / eps."""
        client = self.service.create_lora_training_client(base_model=BASE_MODEL, rank=RANK, seed=1)
        before = scored(client, [A])[0]
        for _ in range(calls):
            output = client.forward_backward(data, loss).result()
        client.optim_step(adam(STEP * SGD_EPS, eps=SGD_EPS, **options)).result()
        after = scored(client, [A])[0]
        self.last = output
        self.unload(client)
        return after - before

    def unload(self, client) -> None:
        """Free the adapter slot: SkyRL has few and keeps them until unload."""
        holder = self.service.holder
        from tinker.lib.client_connection_pool_type import ClientConnectionPoolType

        async def send():
            with holder.aclient(ClientConnectionPoolType.TRAIN) as raw:
                return await raw.models.unload(request=types.UnloadModelRequest(model_id=client.model_id))

        try:
            holder.run_coroutine_threadsafe(send()).result()
        except Exception as error:  # noqa: BLE001
            fact("unload", f"{type(error).__name__}: {error}")

    def scaling(self) -> None:
        n = len(A) - 1
        ones = [1.0] * n
        base = self.shift([datum(A, weights=ones)], "cross_entropy")
        ratio = lambda other: round(float(np.dot(other, base) / np.dot(base, base)), 4)  # noqa: E731
        fact("shift of one datum, cross_entropy", float(np.linalg.norm(base)))
        fact("cross_entropy, weights doubled", ratio(self.shift([datum(A, weights=[2.0] * n)], "cross_entropy")))
        fact("cross_entropy, datum twice in one call", ratio(self.shift([datum(A, weights=ones)] * 2, "cross_entropy")))
        fact("cross_entropy, same call twice", ratio(self.shift([datum(A, weights=ones)], "cross_entropy", calls=2)))
        old = scored(self.client, [A])[0].tolist()
        fact(
            "importance_sampling A=1 everywhere, q=own",
            ratio(self.shift([datum(A, logprobs=old, advantages=ones)], "importance_sampling")),
        )
        fact(
            "importance_sampling A=2",
            ratio(self.shift([datum(A, logprobs=old, advantages=[2.0] * n)], "importance_sampling")),
        )
        one = [0.0] * (n - 1) + [1.0]
        single = self.shift([datum(A, weights=one)], "cross_entropy")
        weak = self.shift([datum(A, logprobs=[0.0] * (n - 1) + old[-1:], advantages=one)], "importance_sampling")
        fact(
            f"importance_sampling on 1 of {n} positions over cross_entropy on it",
            round(float(np.dot(weak, single) / np.dot(single, single)), 4),
        )
        for name, options in (("grad_clip_norm", {"grad_clip_norm": 1e-3}),):
            clipped = self.shift([datum(A, weights=ones)], "cross_entropy", **options)
            fact(f"{name} honoured", bool(abs(ratio(clipped) - 1) > 1e-3))
        fact("forward_backward metrics", self.last.metrics)
        fact("forward_backward outputs", sorted(self.last.loss_fn_outputs[0]))
        fact("loss_fn_output_type", self.last.loss_fn_output_type)

    def optimiser(self) -> None:
        client = self.service.create_lora_training_client(base_model=BASE_MODEL, rank=RANK, seed=1)
        data = [datum(A, weights=[1.0] * (len(A) - 1))]
        client.forward_backward(data, "cross_entropy").result()
        # B is zero in a fresh adapter and A is not: a decay of exactly 1 empties A, and then nothing has a gradient.
        first = client.optim_step(adam(1.0, weight_decay=1.0, eps=1e12)).result()
        before = scored(client, [A])[0]
        client.forward_backward(data, "cross_entropy").result()
        client.optim_step(adam(0.01 * SGD_EPS, eps=SGD_EPS)).result()
        moved = float(np.abs(scored(client, [A])[0] - before).max())
        fact("optim_step metrics", first.metrics)
        fact("weight_decay honoured", moved < 1e-7)
        self.unload(client)

    def snapshots(self) -> None:
        client = self.service.create_lora_training_client(base_model=BASE_MODEL, rank=RANK, seed=3)
        data = [datum(A, weights=[1.0] * (len(A) - 1))]

        def train(steps: int) -> None:
            for _ in range(steps):
                client.forward_backward(data, "cross_entropy").result()
                client.optim_step(adam(0.02)).result()

        train(3)
        total = lambda: round(float(scored(client, [A])[0].sum()), 4)  # noqa: E731
        first_sampler = client.save_weights_and_get_sampling_client()
        sampled = lambda one: round(float(sum(prompt_logprobs(one, A))), 4)  # noqa: E731
        fact("snapshot 1, at once: trainer / sampler", [total(), sampled(first_sampler)])
        train(3)
        fact("after 3 more steps: trainer / snapshot 1", [total(), sampled(first_sampler)])
        second_sampler = client.save_weights_and_get_sampling_client()
        fact("snapshot 2: trainer / snapshot 2", [total(), sampled(second_sampler)])
        fact("snapshot 1 again, then the trainer (rolled back?)", [sampled(first_sampler), total()])
        fact("snapshot 2 again, then the trainer", [sampled(second_sampler), total()])
        self.unload(client)

    def sampling(self) -> None:
        sampler = self.client.save_weights_and_get_sampling_client()
        prompt = types.ModelInput.from_ints(A)
        values = sampler.compute_logprobs(prompt).result()
        fact("prompt logprobs for a prompt of 12", {"entries": len(values), "first": values[0]})
        # So hot that every token comes up, end of text too.
        params = types.SamplingParams(max_tokens=200, temperature=8.0, seed=7)
        free = sampler.sample(prompt, num_samples=8, sampling_params=params).result().sequences
        reasons = sorted({str(one.stop_reason) for one in free})
        went_on = sum(EOS in one.tokens[:-1] for one in free)
        drew = sum(EOS in one.tokens for one in free)
        fact(
            "no stop given, 8 completions", {"reasons": reasons, "drew end of text": drew, "went on after it": went_on}
        )
        params = types.SamplingParams(max_tokens=200, temperature=8.0, seed=7, stop=[EOS])
        stopped = sampler.sample(prompt, num_samples=8, sampling_params=params).result().sequences
        fact(
            "stop=[EOS]",
            {
                "reasons": sorted({str(one.stop_reason) for one in stopped}),
                "stop token included": all(one.tokens[-1] == EOS for one in stopped if "stop" in str(one.stop_reason)),
            },
        )
        again = sampler.sample(prompt, num_samples=8, sampling_params=params).result().sequences
        fact("same seed, same tokens", [one.tokens for one in again] == [one.tokens for one in stopped])
        fact("distinct among 8 samples of one seed", len({tuple(one.tokens) for one in stopped}))
        params = types.SamplingParams(max_tokens=20, temperature=0.5, seed=7)
        cool = sampler.sample(prompt, num_samples=1, sampling_params=params).result().sequences[0]
        own = prompt_logprobs(sampler, A + list(cool.tokens))[len(A) - 1 :]
        fact(
            "T=0.5: largest |returned − untempered logprob|",
            round(float(np.abs(np.array(own) - cool.logprobs).max()), 4),
        )
        greedy = types.SamplingParams(max_tokens=8, temperature=0.0)
        attempt(
            "temperature 0",
            lambda: sampler.sample(prompt, num_samples=1, sampling_params=greedy).result().sequences[0].tokens,
        )
        base = self.service.create_sampling_client(base_model=BASE_MODEL)
        attempt("base model sampling", lambda: base.compute_logprobs(prompt).result()[-3:])

    def refusals(self) -> None:
        sampler = self.client.save_weights_and_get_sampling_client()
        prompt = types.ModelInput.from_ints(A)
        nothing = types.SamplingParams(max_tokens=0)
        short, outside = [datum(A, weights=[1.0] * 3)], [datum([5, 999], weights=[1.0])]
        whole = [datum(A, weights=[1.0] * (len(A) - 1))]
        client, create = self.client, self.service.create_lora_training_client
        attempt(
            "max_tokens 0", lambda: sampler.sample(prompt, num_samples=1, sampling_params=nothing).result(PATIENCE_S)
        )
        attempt("unknown loss", lambda: client.forward_backward(whole, "no_such_loss").result(PATIENCE_S))
        attempt("rank 1000", lambda: create(base_model=BASE_MODEL, rank=1000))
        attempt("unknown base model", lambda: create(base_model="no/such", rank=8))
        attempt("weights shorter than the targets", lambda: client.forward(short, "cross_entropy").result(PATIENCE_S))
        attempt("save name with a dot", lambda: client.save_state("a.b").result(PATIENCE_S))
        attempt("save_state", lambda: client.save_state("same").result(PATIENCE_S).path)
        attempt("named sampler save", lambda: client.save_weights_for_sampler("named").result(PATIENCE_S).path)
        attempt("load_state after other operations", lambda: self.load(client))
        # The last two may never be answered, and hold up whatever the same client asks next.
        attempt("save_state again under the same name", lambda: client.save_state("same").result(PATIENCE_S).path)
        other = create(base_model=BASE_MODEL, rank=RANK)
        attempt("token outside the vocabulary", lambda: other.forward(outside, "cross_entropy").result(PATIENCE_S))

    def load(self, client) -> object:
        path = client.save_state("later").result(PATIENCE_S).path
        return client.load_state(path).result(PATIENCE_S)


def main() -> None:
    prober = Prober()
    attempt("capabilities", lambda: prober.service.get_server_capabilities())
    attempt("info", lambda: prober.client.get_info())
    for part in (prober.scaling, prober.optimiser, prober.snapshots, prober.sampling, prober.refusals):
        try:
            part()
        except Exception as error:  # noqa: BLE001
            fact(f"{part.__name__} ended early", f"{type(error).__name__}: {error}")
    # Requests that never end would hold the interpreter.
    os._exit(0)


if __name__ == "__main__":
    main()
