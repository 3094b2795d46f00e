"""Writes python.safetensors beside this script. Needs numpy, torch and safetensors (made with 0.8.0)."""

import pathlib

import numpy as np
import torch
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent

# Every float32 that is easily lost on the way: a quiet and a signalling NaN with a payload, both zeros, the
# smallest denormal, the largest number, both infinities.
bits = [0x7FC01234, 0x7F801234, 0x80000000, 0x00000000, 0x00000001, 0x7F7FFFFF, 0x7F800000, 0xFF800000]
special = np.array(bits, dtype=np.uint32).view(np.float32)

save_file(
    {
        "weight": torch.arange(6, dtype=torch.float32).reshape(2, 3) / 4,
        "special": torch.from_numpy(special),
        "scalar": torch.tensor(-1.5),
        "empty": torch.zeros(0, 4),
        "double": torch.tensor([1 / 3, -0.0, 5e-324], dtype=torch.float64),
        "integer": torch.tensor([[2**62 + 1, -1]], dtype=torch.int64),
        "byte": torch.tensor([0, 255, 7], dtype=torch.uint8),
    },
    here / "python.safetensors",
    metadata={"format": "é \"quoted\" \\ \n\x01"},
)
save_file(
    {
        "half": torch.tensor([1.5, -65504.0, 2.0**-24, 2.0**-14, float("inf"), -0.0], dtype=torch.float16),
        "bfloat": torch.tensor([1.5, -3.0e38, 2.0**-133, float("-inf")], dtype=torch.bfloat16),
        "int32": torch.tensor([-(2**31), 7], dtype=torch.int32),
    },
    here / "narrow.safetensors",
)
save_file({"mask": torch.tensor([True, False])}, here / "bool.safetensors")
