#!/usr/bin/env python3
"""Make the reference values of forecasts' metrics, as make_fixtures.py does its own.

    python3 Tests/Fixtures/make_metric_fixtures.py

Made with utilsforecast 0.2.17 and gluonts 0.17.0 (pip install utilsforecast gluonts pandas).

forecast_metrics
    levels; and of each case history [series, steps], actual [series, horizon] and
    quantiles [series, horizon, level]. Of utilsforecast, means over the series: mae, mse, smape (of 1 at
    most), mase (seasonality 4), pinball at 0.1 … 0.9, crps-like multi-quantile loss, coverage
    [50, 80, 95%]. Of gluonts: crps, the mean of its quantile losses over 0.1 … 0.9.
"""

import warnings

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")

from gluonts.evaluation import metrics as gluonts
from utilsforecast import losses

from make_fixtures import save

LEVELS = [0.025, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.975]
PINBALL = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
SEASON = 4
INTERVALS = {50: (0.25, 0.75), 80: (0.1, 0.9), 95: (0.025, 0.975)}


def case(random, count, steps, horizon, scale, zeros=False):
    size = random.uniform(0.5, 2, (count, 1)) * scale
    history = (size * (5 + random.standard_normal((count, steps)))).astype(np.float32)
    actual = (size * (5 + random.standard_normal((count, horizon)))).astype(np.float32)
    middle = size[..., None] * (5 + 0.5 * random.standard_normal((count, horizon, 1)))
    quantiles = np.sort(middle + size[..., None] * random.standard_normal((count, horizon, len(LEVELS))), axis=-1).astype(np.float32)
    if zeros:
        # Never both: there the libraries divide 0 by 0.
        actual[:, ::4] = 0
        quantiles[:, 1::2] = 0
    return history, actual, quantiles


def measured(history, actual, quantiles):
    count, horizon = actual.shape
    frame = pd.DataFrame({
        "unique_id": np.repeat(np.arange(count), horizon), "ds": np.tile(np.arange(horizon), count) + history.shape[1],
        "y": actual.astype(np.float64).ravel()})
    past = pd.DataFrame({
        "unique_id": np.repeat(np.arange(count), history.shape[1]), "ds": np.tile(np.arange(history.shape[1]), count),
        "y": history.astype(np.float64).ravel()})
    for index, level in enumerate(LEVELS):
        frame[f"q{level}"] = quantiles[:, :, index].astype(np.float64).ravel()
    frame["m"] = frame["q0.5"]
    for level, (low, high) in INTERVALS.items():
        frame[f"m-lo-{level}"], frame[f"m-hi-{level}"] = frame[f"q{low}"], frame[f"q{high}"]

    def mean(result):
        return np.array([result["m"].mean()])

    target = frame["y"].to_numpy()
    return {
        "mae": mean(losses.mae(frame, ["m"])), "mse": mean(losses.mse(frame, ["m"])), "smape": mean(losses.smape(frame, ["m"])),
        "mase": mean(losses.mase(frame, ["m"], SEASON, past)),
        "pinball": np.array([losses.quantile_loss(frame, {"m": f"q{q}"}, q=q)["m"].mean() for q in PINBALL]),
        "mqloss": mean(losses.mqloss(frame, {"m": [f"q{q}" for q in PINBALL]}, np.array(PINBALL))),
        "coverage": np.array([losses.coverage(frame, ["m"], level)["m"].mean() for level in INTERVALS]),
        "crps": np.array([np.mean([gluonts.quantile_loss(target, frame[f"q{q}"].to_numpy(), q) / len(target) for q in PINBALL])]),
        "gluonts_smape": np.array([gluonts.smape(target, frame["m"].to_numpy())]),
    }


def main():
    random = np.random.default_rng(17)
    arrays = {"levels": np.array(LEVELS)}
    for name, history, actual, quantiles in [
        ("small", *case(random, 3, 40, 12, 1.0)), ("large", *case(random, 2, 21, 5, 1e5)), ("zeros", *case(random, 2, 30, 9, 0.1, zeros=True))]:
        arrays |= {f"{name}.history": history, f"{name}.actual": actual, f"{name}.quantiles": quantiles}
        arrays |= {f"{name}.{key}": value for key, value in measured(history, actual, quantiles).items()}
    save("forecast_metrics", arrays, cases="small large zeros", seasonality=SEASON)


main()
