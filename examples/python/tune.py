"""Tunes a small neural network, written here in plain Python, with hone.Study.

    python3 examples/python/tune.py [STORE]

The network learns to tell two spirals apart. Its loss on points it has not seen is reported after each
epoch, so that hopeless trials end early. With STORE the study is kept: run it again and it goes on, and
`hone show spirals --store STORE` tells what it has found.
"""
import math
import random
import sys

import hone

SPACE = {
    "lr": {"min": 1e-3, "max": 10.0, "distribution": "log_uniform_values", "default": 0.01},
    "units": {"min": 4, "max": 24, "default": 8},
    "batch": {"values": [4, 8, 16], "ordered": True, "default": 16},
    "activation": {"values": ["tanh", "relu"]},
}
EPOCHS = 12


def spirals(count, rng):
    points = []
    for i in range(count):
        label = i % 2
        t = rng.uniform(0.3, 1.0)
        angle = 5 * t + math.pi * label
        points.append((t * math.cos(angle) + rng.gauss(0, 0.02),
                       t * math.sin(angle) + rng.gauss(0, 0.02), float(label)))
    return points


class Network:
    """One hidden layer; trained by gradient descent."""

    def __init__(self, units, activation, rng):
        self.relu = activation == "relu"
        self.w = [[rng.gauss(0, 1.5) for _ in range(3)] for _ in range(units)]
        self.out = [rng.gauss(0, 0.5) for _ in range(units)] + [0.0]

    def forward(self, x, y):
        z = [a * x + b * y + c for a, b, c in self.w]
        h = [max(0.0, v) if self.relu else math.tanh(v) for v in z]
        score = sum(o * v for o, v in zip(self.out, h)) + self.out[-1]
        return h, 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))

    def step(self, batch, lr):
        for x, y, label in batch:
            h, p = self.forward(x, y)
            error = lr * (p - label) / len(batch)
            for unit, value in enumerate(h):
                slope = (1.0 if value > 0 else 0.0) if self.relu else 1 - value * value
                back = error * self.out[unit] * slope
                self.out[unit] -= error * value
                w = self.w[unit]
                w[0] -= back * x
                w[1] -= back * y
                w[2] -= back
            self.out[-1] -= error

    def loss(self, points):
        total = 0.0
        for x, y, label in points:
            p = self.forward(x, y)[1]
            total -= math.log(max(1e-12, p if label else 1 - p))
        return total / len(points)


def train(trial):
    rng = random.Random(7)
    seen, unseen = spirals(200, rng), spirals(100, rng)
    network = Network(trial["units"], trial["activation"], rng)
    loss = math.inf
    for epoch in range(1, EPOCHS + 1):
        rng.shuffle(seen)
        for at in range(0, len(seen), trial["batch"]):
            network.step(seen[at:at + trial["batch"]], trial["lr"])
        loss = network.loss(unseen)
        if trial.report(epoch, loss):
            raise hone.Stopped
    return loss


def main():
    store = sys.argv[1] if len(sys.argv) > 1 else None
    study = hone.Study(SPACE, metric="loss", seed=1, store=store, name="spirals",
                       fidelity={"name": "epoch", "max": EPOCHS}, scheduler="median")
    study.optimize(train, n_trials=25)
    trials = study.trials()
    stopped = sum(t["state"] == "stopped" for t in trials)
    print("the defaults: %.4f   the best of %d trials: %.4f   (%d ended early)"
          % (trials[0]["value"], len(trials), study.best["value"], stopped))
    print("found: %s" % study.best["params"])


if __name__ == "__main__":
    main()
