#!/usr/bin/env python3
"""Rows of sound and changes of its rate, by torchaudio.

    pip install torch==2.13.0 torchaudio numpy
    python3 make_sound_fixtures.py

writes sound_features.safetensors beside this script. Made with Python 3.11, torch 2.13.0 (CPU), torchaudio 2.11.0.
"""

import math
import os

import numpy as np
import torch
import torchaudio.functional as F
from make_fixtures import save


def sound(rate, seconds):
    """A rising tone, a hum and noise that any program can make again."""
    n = int(rate * seconds)
    t = np.arange(n) / rate
    state, noise = 12345, []
    for _ in range(n):
        state = (1103515245 * state + 12345) % 2**31
        noise.append(state / 2**30 - 1)
    x = 0.4 * np.sin(2 * math.pi * (200 + 900 * t) * t) + 0.2 * np.sin(2 * math.pi * 50 * t) + 0.05 * np.array(noise)
    return torch.tensor(x, dtype=torch.float32)


def rows(x, rate, window, hop, points, bands, lowest, highest, preemphasis, coefficients):
    """Frames from the first sample on, not padded."""
    y = torch.cat([x[:1], x[1:] - preemphasis * x[:-1]]).double()
    frames = y.unfold(0, window, hop)
    spectrum = torch.fft.rfft(frames * torch.hann_window(window, periodic=True, dtype=torch.float64), points)
    power = spectrum.abs() ** 2
    mel = F.melscale_fbanks(points // 2 + 1, lowest, highest, bands, rate, norm=None, mel_scale="htk").double()
    log_mel = torch.log(power @ mel + 1e-6)
    dct = F.create_dct(coefficients, bands, norm="ortho").double()
    return log_mel.float(), (log_mel @ dct).float()


def main():
    tensors = {}
    for name, rate in (("low", 8000), ("high", 16000)):
        x = sound(rate, 0.31)
        window, hop = rate // 40, rate // 100
        points = 1 << (window - 1).bit_length()
        log_mel, mfcc = rows(x, rate, window, hop, points, 40, 20.0, rate / 2, 0.97, 13)
        tensors[name] = x
        tensors[name + "_log_mel"] = log_mel
        tensors[name + "_mfcc"] = mfcc
    for a, b in ((8000, 16000), (16000, 8000), (44100, 16000), (11025, 8000)):
        x = sound(a, 0.05)
        tensors[f"rate_{a}"] = x
        tensors[f"rate_{a}_{b}"] = F.resample(x, a, b)
    save("sound_features", {k: v.numpy() for k, v in tensors.items()})


if __name__ == "__main__":
    main()
