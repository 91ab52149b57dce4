"""What vLLM demands of a LoRA adapter folder, as rules: vLLM itself is not installed here.

Taken from vLLM 0.33.0: `vllm/lora/peft_helper.py` (settings), `vllm/lora/lora_model.py` and `vllm/lora/utils.py` (names),
`vllm/config/lora.py` (ranks), `embedding_modules` of `vllm/model_executor/models/{llama,qwen2,qwen3}.py` (the head).
"""

import json
import pathlib

import safetensors

# Linear layers that vLLM packs from or has under these names in all three families.
LINEAR = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
# Classes whose `embedding_modules` list the head. Qwen2's does not: such an adapter must be merged to be served.
TAKES_HEAD = {"LlamaForCausalLM", "Qwen3ForCausalLM"}
# --max-lora-rank takes these and no others.
RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
REFUSED_IF_SET = ("use_dora", "lora_bias", "alora_invocation_tokens", "layer_replication", "use_bdlora", "use_qalora", "modules_to_save")


def setting_faults(config: dict) -> list[str]:
    faults = [f"adapter_config.json lacks {name}" for name in ("r", "lora_alpha", "target_modules") if name not in config]
    faults += [f"{name} is set, which vLLM refuses" for name in REFUSED_IF_SET if config.get(name)]
    if config.get("bias", "none") != "none":
        faults.append("bias is not none")
    if isinstance(config.get("init_lora_weights"), str):
        faults.append("init_lora_weights names an initialisation")
    if not 0 < config.get("r", 0) <= max(RANKS):
        faults.append(f"rank {config.get('r')} is above the largest --max-lora-rank, {max(RANKS)}")
    return faults


def name_faults(shapes: dict[str, list[int]], config: dict, architecture: str) -> list[str]:
    allowed = LINEAR | ({"lm_head"} if architecture in TAKES_HEAD else set())
    faults, halves = [], {}
    for name, shape in shapes.items():
        parts = name.split(".")
        if not name.startswith("base_model.model.") or parts[-1] != "weight" or parts[-2] not in ("lora_A", "lora_B"):
            faults.append(f"{name} is no LoRA weight to vLLM")
            continue
        module, half = ".".join(parts[2:-2]), parts[-2]
        halves.setdefault(module, {})[half] = shape
        if parts[-3] not in allowed:
            faults.append(f"{module} cannot carry an adapter in vLLM's {architecture}")
    for module, found in halves.items():
        if sorted(found) != ["lora_A", "lora_B"]:
            faults.append(f"{module} has only {', '.join(found)}")
        elif found["lora_A"][0] != config["r"] or found["lora_B"][1] != config["r"]:
            faults.append(f"{module} is not of rank {config['r']}")
    modules = {module.split(".")[-1] for module in halves}
    if modules != set(config.get("target_modules", [])):
        faults.append(f"target_modules {sorted(config.get('target_modules', []))} are not the tensors' {sorted(modules)}")
    return faults


def adapter_faults(folder: pathlib.Path, architecture: str) -> list[str]:
    """What keeps vLLM from serving the adapter as it is; a head on Qwen2 is expected, and checked to be all there is."""
    config = json.loads((folder / "adapter_config.json").read_text())
    with safetensors.safe_open(folder / "adapter_model.safetensors", framework="pt") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}
    faults = setting_faults(config) + name_faults(shapes, config, architecture)
    if architecture not in TAKES_HEAD and "lm_head" in config["target_modules"]:
        expected = f"lm_head cannot carry an adapter in vLLM's {architecture}"
        return [fault for fault in faults if fault != expected]
    return faults
