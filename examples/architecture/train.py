#!/usr/bin/python3
"""Trains a small convolutional language model on text, byte by byte; its architecture is given by arguments.

A stack of one to four blocks, each with a kind and with or without a bypass, behind an embedding of bytes:

    ./train.py --width 32 --blocks 2 --kind_1 conv --skip_1 identity --kind_2 gated --skip_2 identity --lr 0.01

After each pass over the training text it prints the validation loss in nats per byte:

    epoch=1 val_loss=2.4512

The text is the joke dictionary of the fine-tuning example (Debian package fortunes). Nothing in here knows of
hone.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded

import argparse
import sys
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "finetune"))
import texts  # noqa: E402  the fine-tuning example's

LENGTH = 128  # bytes a sequence
KINDS = {"pointwise": 1, "conv": 3, "dilated": 3, "gated": 3}  # bytes that a filter spans


class Block(nn.Module):
    """A causal convolution of (batch, width, length) with a kind and perhaps a bypass."""

    def __init__(self, width, kind, skip):
        super().__init__()
        self.gated = kind == "gated"
        self.skip = skip == "identity"
        span = KINDS[kind]
        dilation = 4 if kind == "dilated" else 1
        self.left = (span - 1) * dilation
        self.filters = nn.Conv1d(width, width * (2 if self.gated else 1), span, dilation=dilation)

    def forward(self, x):
        y = self.filters(nn.functional.pad(x, (self.left, 0)))
        if self.gated:
            y, gate = y.chunk(2, dim=1)
            y = y * torch.sigmoid(gate)
        else:
            y = nn.functional.gelu(y)
        return x + y if self.skip else y


class ByteNet(nn.Module):
    """Logits of the next byte, (batch, 256, length), from bytes (batch, length)."""

    def __init__(self, width, blocks):
        super().__init__()
        self.embedding = nn.Embedding(256, width)
        self.blocks = nn.Sequential(*(Block(width, kind, skip) for kind, skip in blocks))
        self.head = nn.Conv1d(width, 256, 1)

    def forward(self, x):
        return self.head(self.blocks(self.embedding(x).transpose(1, 2)))


def sequences(entries):
    """The text as (count, LENGTH + 1) bytes."""
    text = "\n%\n".join(entries).encode()
    count = len(text) // (LENGTH + 1)
    data = torch.tensor(list(text[: count * (LENGTH + 1)]))
    return data.view(count, LENGTH + 1)


def loss_of(model, batch):
    return nn.functional.cross_entropy(model(batch[:, :-1]), batch[:, 1:])


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--blocks", type=int, default=2, choices=range(1, 5))
    for i in range(1, 5):
        parser.add_argument(f"--kind_{i}", choices=KINDS, default="conv")
        parser.add_argument(f"--skip_{i}", choices=["none", "identity"], default="identity")
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


def main(argv=None):
    options = parse(argv)
    torch.manual_seed(options.seed)
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    try:
        entries = texts.finetuning_entries()
    except texts.MissingText as error:
        sys.exit(str(error))
    training = sequences(entries["train"])
    validation = sequences(entries["validation"])
    chosen = vars(options)
    blocks = [(chosen[f"kind_{i}"], chosen[f"skip_{i}"]) for i in range(1, options.blocks + 1)]
    model = ByteNet(options.width, blocks)
    print(f"parameters={sum(p.numel() for p in model.parameters())}", flush=True)
    optimiser = torch.optim.AdamW(model.parameters(), lr=options.lr)
    for epoch in range(1, options.epochs + 1):
        model.train()
        for rows in torch.randperm(len(training)).split(options.batch):
            optimiser.zero_grad()
            loss_of(model, training[rows]).backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            parts = [loss_of(model, part) * len(part) for part in validation.split(64)]
        print(f"epoch={epoch} val_loss={sum(parts).item() / len(validation):.4f}", flush=True)


if __name__ == "__main__":
    main()
