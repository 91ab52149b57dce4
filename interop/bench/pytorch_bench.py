"""One case of the engine benchmark in PyTorch: the model of bench/engine/cases.ts, eager, float32, on CPU.

Reads one JSON object on stdin, writes one on stdout:

    {"kind": "training", "attention": "sdpa" | "explicit", "decoder": {...}, "sequences": 32, "length": 128,
     "headRows": "all" | "half", "steps": 10, "threads": 2}
    {"kind": "generation", "loop": "naive" | "transformers", "decoder": {...}, "rows": 64, "promptTokens": 32,
     "newTokens": 48, "steps": 3, "threads": 2}

    -> {"timesMs": [...], "prefillMs": [...], "tokens": 4096, "torch": "2.13.0+cpu", "blas": "mkl", ...}

The decoder has the field names of `DecoderConfig`. The first repetition is not reported.
"""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


class RMSNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, self.eps)


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Block(nn.Module):
    def __init__(self, c, attention):
        super().__init__()
        d, h, kv, hd, ff = (
            c["hiddenSize"],
            c["numHeads"],
            c["numKeyValueHeads"],
            c["headDim"],
            c["intermediateSize"],
        )
        self.h, self.kv, self.hd, self.attention = h, kv, hd, attention
        self.norm1, self.norm2 = RMSNorm(d, c["rmsNormEps"]), RMSNorm(d, c["rmsNormEps"])
        self.q = nn.Linear(d, h * hd, bias=False)
        self.k = nn.Linear(d, kv * hd, bias=False)
        self.v = nn.Linear(d, kv * hd, bias=False)
        self.o = nn.Linear(h * hd, d, bias=False)
        self.qn, self.kn = RMSNorm(hd, c["rmsNormEps"]), RMSNorm(hd, c["rmsNormEps"])
        self.gate, self.up = nn.Linear(d, ff, bias=False), nn.Linear(d, ff, bias=False)
        self.down = nn.Linear(ff, d, bias=False)

    def forward(self, x, cos, sin, mask, past=None):
        b, t, _ = x.shape
        y = self.norm1(x)
        q = rotate(self.qn(self.q(y).view(b, t, self.h, self.hd)).transpose(1, 2), cos, sin)
        k = rotate(self.kn(self.k(y).view(b, t, self.kv, self.hd)).transpose(1, 2), cos, sin)
        v = self.v(y).view(b, t, self.kv, self.hd).transpose(1, 2)
        if past is not None:
            k, v = torch.cat((past[0], k), dim=2), torch.cat((past[1], v), dim=2)
        present = (k, v)
        group = self.h // self.kv
        if group > 1:
            k, v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)
        if self.attention == "sdpa":
            a = F.scaled_dot_product_attention(q, k, v, is_causal=mask is not None)
        else:
            scores = q @ k.transpose(-1, -2) / self.hd**0.5
            if mask is not None:
                scores = scores + mask
            a = torch.softmax(scores, dim=-1) @ v
        x = x + self.o(a.transpose(1, 2).reshape(b, t, self.h * self.hd))
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y)), present


class Decoder(nn.Module):
    def __init__(self, c, attention):
        super().__init__()
        self.c = c
        self.embed = nn.Embedding(c["vocabSize"], c["hiddenSize"])
        nn.init.normal_(self.embed.weight, std=0.02)
        self.blocks = nn.ModuleList(Block(c, attention) for _ in range(c["numLayers"]))
        self.norm = RMSNorm(c["hiddenSize"], c["rmsNormEps"])
        inverse = c["ropeTheta"] ** (-torch.arange(0, c["headDim"], 2).float() / c["headDim"])
        angles = torch.arange(c["maxPositions"]).float()[:, None] * inverse
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())
        self.register_buffer("causal", torch.full((c["maxPositions"],) * 2, -1e9).triu(1))

    def hidden(self, ids, start=0, past=None):
        t = ids.shape[1]
        cos, sin = self.cos[start : start + t], self.sin[start : start + t]
        mask = self.causal[:t, :t] if past is None else None
        x, present = self.embed(ids), []
        for i, block in enumerate(self.blocks):
            x, kv = block(x, cos, sin, mask, None if past is None else past[i])
            present.append(kv)
        return self.norm(x), present

    def logits(self, hidden):
        return hidden @ self.embed.weight.T


def training(job):
    c, n, t = job["decoder"], job["sequences"], job["length"]
    torch.manual_seed(1)
    model = Decoder(c, job["attention"])
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, foreach=job.get("foreach", False))
    ids = torch.randint(c["vocabSize"], (n, t + 1))
    first = t // 2 if job["headRows"] == "half" else 0
    times = []
    for _ in range(job["steps"] + 1):
        start = time.perf_counter()
        hidden, _ = model.hidden(ids[:, :-1])
        logits = model.logits(hidden[:, first:])
        loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 1 + first :].flatten(), reduction="sum") / (n * t)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        times.append((time.perf_counter() - start) * 1000)
    parameters = sum(p.numel() for p in model.parameters())
    return {"timesMs": times[1:], "prefillMs": [], "tokens": n * t, "parameters": parameters}


@torch.no_grad()
def naive_generation(job):
    c, rows, p, new = job["decoder"], job["rows"], job["promptTokens"], job["newTokens"]
    torch.manual_seed(1)
    model = Decoder(c, "sdpa").eval()
    prompts = torch.randint(c["vocabSize"], (rows, p))
    times, prefills = [], []
    for _ in range(job["steps"] + 1):
        start = time.perf_counter()
        hidden, past = model.hidden(prompts)
        probabilities = torch.softmax(model.logits(hidden[:, -1]), dim=-1)
        token = torch.multinomial(probabilities, 1)
        prefills.append((time.perf_counter() - start) * 1000)
        for step in range(new - 1):
            hidden, past = model.hidden(token, p + step, past)
            probabilities = torch.softmax(model.logits(hidden[:, -1]), dim=-1)
            token = torch.multinomial(probabilities, 1)
            probabilities.gather(1, token).log()
        times.append((time.perf_counter() - start) * 1000)
    return {"timesMs": times[1:], "prefillMs": prefills[1:], "tokens": rows * new}


@torch.no_grad()
def transformers_generation(job):
    import transformers
    from transformers import Qwen3Config, Qwen3ForCausalLM

    c, rows, p, new = job["decoder"], job["rows"], job["promptTokens"], job["newTokens"]
    config = Qwen3Config(
        vocab_size=c["vocabSize"],
        hidden_size=c["hiddenSize"],
        num_hidden_layers=c["numLayers"],
        num_attention_heads=c["numHeads"],
        num_key_value_heads=c["numKeyValueHeads"],
        head_dim=c["headDim"],
        intermediate_size=c["intermediateSize"],
        max_position_embeddings=c["maxPositions"],
        rms_norm_eps=c["rmsNormEps"],
        tie_word_embeddings=c["tieEmbeddings"],
        eos_token_id=None,
        pad_token_id=0,
    )
    torch.manual_seed(1)
    model = Qwen3ForCausalLM(config).eval()
    prompts = torch.randint(1, c["vocabSize"], (rows, p))
    mask = torch.ones_like(prompts)
    arguments = dict(attention_mask=mask, do_sample=True, temperature=1.0, top_k=0, top_p=1.0, pad_token_id=0)
    times, prefills = [], []
    for _ in range(job["steps"] + 1):
        for new_tokens, into in ((1, prefills), (new, times)):
            start = time.perf_counter()
            out = model.generate(prompts, max_new_tokens=new_tokens, min_new_tokens=new_tokens, **arguments)
            into.append((time.perf_counter() - start) * 1000)
        assert out.shape[1] == p + new, out.shape
    return {
        "timesMs": times[1:],
        "prefillMs": prefills[1:],
        "tokens": rows * new,
        "transformers": transformers.__version__,
    }


def main():
    job = json.load(sys.stdin)
    torch.set_num_threads(job["threads"])
    if job["kind"] == "training":
        result = training(job)
    elif job["loop"] == "naive":
        result = naive_generation(job)
    else:
        result = transformers_generation(job)
    blas = next((word.split("=")[1] for word in torch.__config__.show().replace(",", " ").split() if word.startswith("BLAS_INFO=")), "?")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    surroundings = {"peakBytes": usage.ru_maxrss * 1024, "cpuSeconds": usage.ru_utime + usage.ru_stime}
    json.dump({**result, **surroundings, "torch": torch.__version__, "blas": blas, "threads": torch.get_num_threads()}, sys.stdout)


main()
