"""A program as W&B's users write them: it takes its values from wandb.config and gives its results
to wandb.log. It does not know hone, and prints no metric.

It fits a curve through noisy points with a polynomial, by gradient descent; nothing but wandb is
needed.
"""

import math
import random

import wandb


def features(x, degree):
    return [math.cos(k * math.acos(x)) for k in range(degree + 1)]  # Chebyshev polynomials


def mean_square(weights, points, degree):
    total = 0.0
    for x, y in points:
        error = sum(w * f for w, f in zip(weights, features(x, degree))) - y
        total += error * error
    return total / len(points)


def main():
    run = wandb.init(config={"lr": 0.01, "degree": 3, "decay": 0.0})
    config = wandb.config
    noise = random.Random(1)
    points = [
        (x, math.sin(5 * x) * math.exp(x) + noise.gauss(0, 0.3))
        for x in (noise.uniform(-1, 1) for _ in range(120))
    ]
    training, validation = points[:60], points[60:]
    weights = [0.0] * (config.degree + 1)
    for epoch in range(27):
        for x, y in training:
            f = features(x, config.degree)
            error = sum(w * v for w, v in zip(weights, f)) - y
            weights = [
                w - config.lr * (2 * error * v + config.decay * w) for w, v in zip(weights, f)
            ]
        wandb.log(
            {
                "epoch": epoch,
                "val_loss": mean_square(weights, validation, config.degree),
                "train_loss": mean_square(weights, training, config.degree),
            }
        )
    run.finish()


if __name__ == "__main__":
    main()
