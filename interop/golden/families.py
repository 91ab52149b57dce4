"""The tiny models of the golden files: one for every shape of decoder that the embedded engine knows."""

from dataclasses import dataclass

from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

LINEAR_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ADAPTERS = {"linear": LINEAR_TARGETS, "head": [*LINEAR_TARGETS, "lm_head"], "attention": ["q_proj", "v_proj"]}


@dataclass(frozen=True)
class Family:
    config_class: type
    model_class: type
    settings: dict
    seed: int
    adapters: tuple[str, ...] = ("linear",)
    has_policy_losses: bool = False


SHAPE = {
    "vocab_size": 32,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": None,
}
# A small base spreads the four frequencies of a head over all three bands of llama3 and over the ramp of yarn.
THETA = 100.0
ROPE = {
    "llama3": {
        "rope_type": "llama3",
        "rope_theta": THETA,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32,
    },
    "yarn": {"rope_type": "yarn", "rope_theta": THETA, "factor": 4.0, "original_max_position_embeddings": 64},
    "linear": {"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.5},
    "default": {"rope_type": "default", "rope_theta": 10000.0},
}


def llama(rope: str, seed: int, adapters: tuple[str, ...] = ("linear",), **settings: object) -> Family:
    return Family(LlamaConfig, LlamaForCausalLM, {**SHAPE, "rope_parameters": ROPE[rope], **settings}, seed, adapters)


def qwen2(rope: str, seed: int, adapters: tuple[str, ...] = ("linear",), **settings: object) -> Family:
    return Family(Qwen2Config, Qwen2ForCausalLM, {**SHAPE, "rope_parameters": ROPE[rope], **settings}, seed, adapters)


def qwen3(rope: str, seed: int, has_policy_losses: bool = False, **settings: object) -> Family:
    shape = {**SHAPE, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8}
    settings = {**shape, "rope_parameters": ROPE[rope], **settings}
    return Family(Qwen3Config, Qwen3ForCausalLM, settings, seed, ("linear",), has_policy_losses)


FAMILIES = {
    "llama": llama("default", 1, ("linear", "head")),
    "llama-llama3-rope": llama("llama3", 12, ("attention",)),
    "llama-attention-bias": llama("default", 3, attention_bias=True, num_key_value_heads=2),
    "qwen2": qwen2("default", 4, ("linear", "head"), tie_word_embeddings=True),
    "qwen2-yarn": qwen2("yarn", 5, max_position_embeddings=256),
    "qwen3": qwen3("default", 6, has_policy_losses=True),
    "qwen3-linear-rope": qwen3("linear", 7, tie_word_embeddings=True),
}
