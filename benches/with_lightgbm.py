#!/usr/bin/env python3
"""Log-loss and time of LightGBM on the rows that the models of the forecasts learnt from and were judged on.

    LEFTCART_ROWS=rows.csv cargo test --release -p ingest -p analysis --lib -- --ignored --nocapture rows_for_another_program
    pip install lightgbm numpy
    python benches/with_lightgbm.py rows.csv
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


def fitted(x, y):
    """As the models here: the latest fifth calibrates instead of training; of the rest the latest seventh says when to stop."""
    calibrate = len(y) * 4 // 5
    watch = calibrate * 6 // 7
    begun = time.time()
    train = lightgbm.Dataset(x[:watch], y[:watch], categorical_feature=WORD_COLUMNS)
    model = lightgbm.train(
        PARAMETERS, train, 1_500, valid_sets=[train.create_valid(x[watch:calibrate], y[watch:calibrate])],
        callbacks=[lightgbm.early_stopping(40, verbose=False)],
    )
    z, t = model.predict(x[calibrate:], raw_score=True), y[calibrate:]
    slope, level = 1.0, 0.0
    for _ in range(25):
        p = 1 / (1 + numpy.exp(-(slope * z + level)))
        w = p * (1 - p)
        hessian = numpy.array([[(w * z * z).sum(), (w * z).sum()], [(w * z).sum(), w.sum()]])
        slope, level = numpy.array([slope, level]) + numpy.linalg.solve(hessian, [((t - p) * z).sum(), (t - p).sum()])
    return model, slope, level, time.time() - begun


table = {}
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        part, fold, *values = line.rstrip().split(",")
        table.setdefault((int(fold), part), []).append(values)
folds = sorted({fold for fold, _ in table})
WORD_COLUMNS = None
learnt, seconds, trees, judged = 0, 0.0, [], []
for fold in folds:
    data = {part: numpy.array(table.pop((fold, part)), dtype=float) for part in ("train", "test")}
    features = data["train"].shape[1] - 4
    WORD_COLUMNS = list(range(features - WORDS, features))
    model, slope, level, took = fitted(data["train"][:, 4:], data["train"][:, 0])
    test = data["test"]
    said = 1 / (1 + numpy.exp(-(slope * model.predict(test[:, 4:], raw_score=True) + level)))
    judged.append(numpy.column_stack([test[:, :4], said]))
    learnt, seconds, trees = learnt + len(data["train"]), seconds + took, trees + [model.best_iteration]
judged = numpy.concatenate(judged)
truth, best = judged[:, 0], loss(judged[:, 3], judged[:, 0])
lightgbm_loss = loss(judged[:, 4], truth)
print(f"{len(folds)} weeks, {learnt:,} rows learnt from, {len(truth):,} judged; best possible {best:.5f}")
for name, p in [("spline logit", judged[:, 1]), ("boosting", judged[:, 2]), ("LightGBM", judged[:, 4])]:
    own = loss(p, truth)
    print(f"{name}: log-loss {own:.5f}, {100 * (own / best - 1):+.2f} % over the best, "
          f"{100 * (own / lightgbm_loss - 1):+.2f} % over LightGBM")
print(f"LightGBM: {trees} trees, trained and calibrated in {seconds:.2f} s on two threads")
