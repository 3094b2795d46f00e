#!/usr/bin/env python3
"""Make the reference values of forecasts' losses, as make_fixtures.py does its own.

    python3 Tests/Fixtures/make_forecast_fixtures.py

Made with torch 2.13.0 and scipy.

forecast_losses
    targets [N], the places of those that count as missing, and for each head its numbers [N, count], the loss of each
    target, their mean over those that aren't missing, and its gradient. Scales are softplus + 1e-4, degrees 2 + softplus.
distributions
    degrees and levels; student [degrees, levels] and normal [levels], the quantiles of scipy; log_gamma and digamma at x.
direct_forecast
    SegRNN's network: segments of the look-back less its last value through a linear layer and ReLU, a GRU, one further
    step for each segment to come from a vector of its position and one of the channel, a linear layer; the last value
    added again. x [B, context], channels [B], weights under the model's names; y [B, horizon].
"""

import numpy as np
import torch
from scipy import special, stats
from torch import distributions, nn
from torch.nn import functional as F

from make_fixtures import Draws, as_given, as_result, draw_weights, save

LEVELS = [0.1, 0.25, 0.5, 0.9]


def head_loss(head, x, y):
    if head == "student_t":
        return -distributions.StudentT(2 + F.softplus(x[:, 2]), x[:, 0], F.softplus(x[:, 1]) + 1e-4).log_prob(y)
    if head == "gaussian":
        return -distributions.Normal(x[:, 0], F.softplus(x[:, 1]) + 1e-4).log_prob(y)
    if head == "quantiles":
        error = y[:, None] - x
        q = torch.tensor(LEVELS, dtype=x.dtype)
        return 2 * torch.maximum(q * error, (q - 1) * error).mean(1)
    return F.l1_loss(x[:, 0], y, reduction="none") if head == "absolute" else F.mse_loss(x[:, 0], y, reduction="none")


def forecast_losses(seed):
    draws = Draws(seed)
    count = 40
    targets = draws.normal(count) * 3
    targets = targets.float().double()
    missing = np.array([3, 17, 39])
    given = {}
    arrays = {}
    kept = torch.ones(count, dtype=torch.bool)
    kept[missing] = False
    for head, numbers in {"student_t": 3, "gaussian": 2, "quantiles": 4, "absolute": 1, "squared": 1}.items():
        x = draws.normal(count, numbers) * 2
        x = x.float().double().requires_grad_(True)
        losses = torch.where(kept, head_loss(head, x, targets), torch.zeros(()).double())
        mean = losses.sum() / kept.sum()
        mean.backward()
        given[f"{head}.x"] = x
        arrays |= as_result({f"{head}.losses": losses, f"{head}.mean": mean.reshape(1), f"{head}.grad": x.grad})
    save("forecast_losses", as_given(given | {"targets": targets}) | {"missing": missing.astype(np.int64)} | arrays, levels=" ".join(map(str, LEVELS)))


def quantiles():
    degrees = np.array([2.001, 2.5, 3, 4.7, 10, 30, 150, 1e4, 1e7])
    levels = np.array([0.005, 0.025, 0.1, 0.25, 0.5, 0.8, 0.9, 0.975, 0.999])
    x = np.array([0.02, 0.5, 1, 1.46, 2, 3.3, 9.99, 10, 57.25, 1e4])
    save("distributions", {
        "degrees": degrees, "levels": levels, "student": stats.t.ppf(levels[None], degrees[:, None]),
        "normal": stats.norm.ppf(levels), "x": x, "log_gamma": special.gammaln(x), "digamma": special.digamma(x)})


def direct_forecast(seed):
    context, horizon, segment, hidden, channels, batch = 12, 8, 4, 6, 3, 5
    draws = Draws(seed)
    embed = nn.Linear(segment, hidden).double()
    gru = nn.GRU(hidden, hidden, batch_first=True).double()
    predict = nn.Linear(hidden, segment).double()
    position = draws.normal(horizon // segment, hidden // 2)
    channel = draws.normal(channels, hidden - hidden // 2)
    for module in (embed, gru, predict):
        draw_weights(module, draws)
    with torch.no_grad():
        gru.bias_hh_l0[: 2 * hidden] = 0
    x = draws.normal(batch, context)
    who = torch.tensor([0, 2, 1, 2, 0])
    last = x[:, -1:]
    steps = F.relu(embed((x - last).reshape(batch, -1, segment)))
    _, h = gru(steps)
    m = horizon // segment
    later = torch.cat([position[None].repeat(batch, 1, 1), channel[who][:, None].repeat(1, m, 1)], -1).reshape(-1, 1, hidden)
    _, h = gru(later, h.repeat(1, 1, m).view(1, -1, hidden))
    y = predict(h[0]).reshape(batch, horizon) + last
    named = {f"embedding.{k}": v for k, v in embed.named_parameters()}
    named |= {f"rnn.{k}": v for k, v in gru.named_parameters()}
    named |= {f"output.{k}": v for k, v in predict.named_parameters()}
    named |= {"position.weight": position, "channel.weight": channel}
    save("direct_forecast", as_given(named | {"x": x}) | {"channels": who.numpy()} | as_result({"y": y}))


if __name__ == "__main__":
    torch.set_num_threads(1)
    forecast_losses(seed=500)
    quantiles()
    direct_forecast(seed=501)
