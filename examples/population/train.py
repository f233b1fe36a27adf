#!/usr/bin/python3
"""Trains a small neural language model by plain stochastic gradient descent and goes on from checkpoints.

The model predicts the next byte of the joke dictionary (Debian package fortunes) from the eight before it: an embedding, one hidden
layer, a softmax. The learning rate stays as it is given: small batches make a high one stop getting better early, and a low one
is slow, so the best rate falls while the training goes on.

    ./train.py --learning_rate 0.3 --checkpoint state.npz --resume state.npz

After every epoch (300 steps) it saves its state, then prints the losses in nats per byte:

    epoch=1 val_loss=2.61 test_loss=2.63

Nothing in here knows of hone.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "finetune"))
import texts  # noqa: E402  the fine-tuning example's

CONTEXT, SYMBOLS, EMBEDDED, HIDDEN = 8, 96, 12, 96
STEPS = 300  # an epoch
EVALUATED = 6000  # positions


def symbols(text):
    """Bytes as numbers below SYMBOLS: printable ASCII, everything else is one symbol."""
    raw = np.frombuffer(text, dtype=np.uint8).astype(np.int64) - 32
    return np.where((raw >= 0) & (raw < SYMBOLS - 1), raw, SYMBOLS - 1)


def positions(codes, at):
    """The contexts and next symbols at the positions."""
    return codes[at[:, None] + np.arange(CONTEXT)], codes[at + CONTEXT]


class Model:
    """Weights and their momenta; every weight is an array of float64."""

    def __init__(self, rng):
        self.weights = {
            "embedding": rng.normal(0, 0.5, (SYMBOLS, EMBEDDED)),
            "hidden": rng.normal(0, (CONTEXT * EMBEDDED) ** -0.5, (CONTEXT * EMBEDDED, HIDDEN)),
            "hidden_bias": np.zeros(HIDDEN),
            "output": rng.normal(0, 0.1 * HIDDEN**-0.5, (HIDDEN, SYMBOLS)),
            "output_bias": np.zeros(SYMBOLS),
        }
        self.momenta = {name: np.zeros_like(w) for name, w in self.weights.items()}

    def forward(self, contexts):
        w = self.weights
        embedded = w["embedding"][contexts].reshape(len(contexts), -1)
        hidden = np.tanh(embedded @ w["hidden"] + w["hidden_bias"])
        logits = hidden @ w["output"] + w["output_bias"]
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return embedded, hidden, logits

    def loss(self, contexts, following):
        return -self.forward(contexts)[2][np.arange(len(following)), following].mean()

    def step(self, contexts, following, learning_rate, momentum):
        w = self.weights
        embedded, hidden, logits = self.forward(contexts)
        error = np.exp(logits)
        error[np.arange(len(following)), following] -= 1
        error /= len(following)
        back = (error @ w["output"].T) * (1 - hidden**2)
        gradients = {
            "output": hidden.T @ error,
            "output_bias": error.sum(axis=0),
            "hidden": embedded.T @ back,
            "hidden_bias": back.sum(axis=0),
            "embedding": np.zeros_like(w["embedding"]),
        }
        into = (back @ w["hidden"].T).reshape(-1, EMBEDDED)
        np.add.at(gradients["embedding"], contexts.ravel(), into)
        for name, gradient in gradients.items():
            self.momenta[name] = momentum * self.momenta[name] + gradient
            w[name] -= learning_rate * self.momenta[name]


def save(path, model, epoch):
    """Whole or not at all: written beside its place, then renamed."""
    draft = path.with_suffix(".draft.npz")
    state = {"epoch": epoch}
    for name, weight in model.weights.items():
        state["weight_" + name] = weight
        state["momentum_" + name] = model.momenta[name]
    np.savez(draft, **state)
    os.replace(draft, path)


def load(path, model):
    """Returns the epoch that was saved."""
    with np.load(path) as state:
        for name in model.weights:
            model.weights[name] = state["weight_" + name]
            model.momenta[name] = state["momentum_" + name]
        return int(state["epoch"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learning_rate", type=float, default=0.1)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", type=Path, help="where the state is saved after every epoch")
    parser.add_argument("--resume", type=Path, help="a saved state to go on from")
    args = parser.parse_args()

    training, validation, test = (
        symbols(texts.finetuning_text(part)) for part in ("train", "validation", "test")
    )
    model = Model(np.random.default_rng(args.seed))
    done = load(args.resume, model) if args.resume else 0
    evaluated = {}
    for name, codes in (("val", validation), ("test", test)):
        at = np.linspace(0, len(codes) - CONTEXT - 1, EVALUATED).astype(np.int64)
        evaluated[name] = positions(codes, at)
    for epoch in range(done + 1, args.epochs + 1):
        # Batches depend on seed and epoch alone: a run that goes on sees what it would have seen.
        rng = np.random.default_rng([args.seed, epoch])
        for _ in range(STEPS):
            at = rng.integers(0, len(training) - CONTEXT, args.batch_size)
            model.step(*positions(training, at), args.learning_rate, args.momentum)
        losses = {name: model.loss(*evaluated[name]) for name in evaluated}
        if args.checkpoint and np.isfinite(losses["val"]):
            save(args.checkpoint, model, epoch)
        print(f"epoch={epoch} val_loss={losses['val']:.5f} test_loss={losses['test']:.5f}", flush=True)


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
