"""Arrays in the golden files, and how two files are compared."""

import base64

import numpy
import torch

# Of the numbers in a file when they are remade elsewhere; ids, weights and configs must be equal.
TOLERANCE = 1e-5


def array(values: torch.Tensor) -> dict:
    numbers = values.detach().to(torch.float32).contiguous().numpy().astype("<f4")
    return {"shape": list(numbers.shape), "f32": base64.b64encode(numbers.tobytes()).decode()}


def arrays(tensors: dict[str, torch.Tensor]) -> dict:
    return {name: array(values) for name, values in sorted(tensors.items())}


def differences(found: object, expected: object, place: str = "") -> list[str]:
    """Where two goldens differ: numbers and arrays beyond the tolerance, everything else at all."""
    if isinstance(expected, dict) and isinstance(found, dict) and "f32" in expected and "f32" in found:
        a, b = (numpy.frombuffer(base64.b64decode(side["f32"]), "<f4") for side in (found, expected))
        if found["shape"] != expected["shape"]:
            return [f"{place}: shape {found['shape']}, committed {expected['shape']}"]
        bound = 0 if place.startswith(".weights") else TOLERANCE * max(1.0, float(numpy.abs(b).max()))
        worst = float(numpy.abs(a - b).max())
        return [f"{place}: {worst:.2e} apart"] if worst > bound else []
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = [key for key in sorted(found.keys() | expected.keys()) if key != "origin"]
        return [line for key in keys for line in differences(found.get(key), expected.get(key), f"{place}.{key}")]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(found, expected))
        return [line for index, (a, b) in pairs for line in differences(a, b, f"{place}[{index}]")]
    if isinstance(expected, float) and isinstance(found, float):
        bound = TOLERANCE * max(1.0, abs(expected))
        return [f"{place}: {found}, committed {expected}"] if abs(found - expected) > bound else []
    return [] if found == expected else [f"{place}: {found}, committed {expected}"]
