#!/usr/bin/env python3
"""Log-loss and time of LightGBM on the rows that the models of the forecasts learnt from and were judged on.

    LEFTCART_ROWS=rows.csv cargo test --release -p ingest -p analysis --lib -- --ignored --nocapture rows_for_another_program
    pip install lightgbm numpy
    python benches/lightgbm.py rows.csv
"""
import sys
import time

import lightgbm
import numpy

PARAMETERS = {
    "objective": "binary", "learning_rate": 0.08, "max_depth": 5, "num_leaves": 31, "min_data_in_leaf": 100,
    "feature_fraction": 0.8, "bagging_fraction": 0.8, "bagging_freq": 1, "seed": 1, "deterministic": True,
    "force_row_wise": True, "num_threads": 2, "verbose": -1,
}
WORDS = 15


def loss(p, y):
    p = numpy.clip(p, 1e-6, 1 - 1e-6)
    return float(-numpy.mean(numpy.where(y == 1, numpy.log(p), numpy.log(1 - p))))


lines = [line.rstrip().split(",") for line in open(sys.argv[1], encoding="utf-8")]
data = {part: numpy.array([line[1:] for line in lines if line[0] == part], dtype=float) for part in ("train", "test")}
features = data["train"].shape[1] - 4
words = list(range(features - WORDS, features))
x, y = data["train"][:, 4:], data["train"][:, 0]
# As the models here: the latest fifth is not trained on but calibrates; of the rest the latest seventh says when to stop.
calibrate = len(y) * 4 // 5
watch = calibrate * 6 // 7
begun = time.time()
train = lightgbm.Dataset(x[:watch], y[:watch], categorical_feature=words)
model = lightgbm.train(
    PARAMETERS, train, 1_500, valid_sets=[train.create_valid(x[watch:calibrate], y[watch:calibrate])],
    callbacks=[lightgbm.early_stopping(40, verbose=False)],
)
fitted = time.time() - begun


def calibrated(raw):
    """Slope and level of the log-odds, fitted on the latest fifth."""
    z, t = model.predict(x[calibrate:], raw_score=True), y[calibrate:]
    slope, level = 1.0, 0.0
    for _ in range(25):
        p = 1 / (1 + numpy.exp(-(slope * z + level)))
        w = p * (1 - p)
        hessian = numpy.array([[(w * z * z).sum(), (w * z).sum()], [(w * z).sum(), w.sum()]])
        slope, level = numpy.array([slope, level]) + numpy.linalg.solve(hessian, [((t - p) * z).sum(), (t - p).sum()])
    return 1 / (1 + numpy.exp(-(slope * raw + level)))


test = data["test"]
truth = test[:, 0]
said = calibrated(model.predict(test[:, 4:], raw_score=True))
best = loss(test[:, 3], truth)
print(f"{len(y):,} rows learnt from, {len(truth):,} judged; best possible {best:.5f}")
for name, p in [("spline logit", test[:, 1]), ("boosting", test[:, 2]), ("LightGBM", said)]:
    print(f"{name}: log-loss {loss(p, truth):.5f}, {100 * (loss(p, truth) / best - 1):+.2f} % over the best, "
          f"{100 * (loss(p, truth) / loss(said, truth) - 1):+.2f} % over LightGBM")
print(f"LightGBM: {model.best_iteration} trees in {fitted:.2f} s on two threads")
