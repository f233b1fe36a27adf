"""Pre-trains the base model, once: later calls, and finetune.py, load it from the cache folder.

The cache folder is $FINETUNE_CACHE, else $XDG_CACHE_HOME/hone-finetune, else
~/.cache/hone-finetune. The file's name holds a digest of the settings and of the text's files, so a
changed setting never meets an old model. Processes that start at the same time wait for the one
that trains; the file appears whole or not at all.
"""

import processor  # noqa: F401  first: settings that torch reads when it is loaded

import fcntl
import hashlib
import json
import math
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

import model
import texts


@dataclass(frozen=True)
class Settings:
    """How the base model is made. 1.3 million bytes are seen, each at most once."""

    steps: int = 1300
    batch_size: int = 16
    learning_rate: float = 5e-3
    warmup_steps: int = 50
    weight_decay: float = 0.1
    seed: int = 0


def cache_dir():
    """Returns the cache folder; it need not exist yet."""
    if os.environ.get("FINETUNE_CACHE"):
        return Path(os.environ["FINETUNE_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "hone-finetune"


def base_path(shape, settings, directory=texts.PRETRAIN_DIR):
    """Returns where the base model of these settings lies or will lie."""
    sources = sorted((p.name, p.stat().st_size) for p in Path(directory).glob("*.md*"))
    key = json.dumps([asdict(shape), asdict(settings), sources], sort_keys=True)
    return cache_dir() / f"base-{hashlib.sha256(key.encode()).hexdigest()[:16]}.pt"


def base_model(shape=model.ModelShape(), settings=Settings()):
    """Returns the pre-trained model: from the cache or, the first time, by training."""
    path = base_path(shape, settings)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path.with_suffix(".lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file closes or the process dies
            if not path.exists():
                trained = train(shape, settings)
                partial = path.with_suffix(f".{os.getpid()}")
                torch.save(trained.state_dict(), partial)
                os.replace(partial, path)
    base = model.ByteLlama(shape)
    base.load_state_dict(torch.load(path))
    return base


def train(shape, settings):
    """Pre-trains a model on random windows of the text and tells its progress on stderr."""
    training, validation = texts.pretraining_text()
    rows = model.windows(training, shape.context)
    validation_rows = model.windows(validation[: 64 * 1024], shape.context)
    generator = torch.Generator().manual_seed(settings.seed)
    order = torch.randperm(len(rows), generator=generator)
    torch.manual_seed(settings.seed)
    base = model.ByteLlama(shape)
    optimizer = torch.optim.AdamW(
        base.parameters(),
        lr=0.0,
        betas=(0.9, 0.95),
        weight_decay=settings.weight_decay,
        foreach=True,
    )
    started = time.monotonic()
    for step in range(settings.steps):
        warmup = min(1.0, (step + 1) / settings.warmup_steps)
        cosine = 0.5 * (1 + math.cos(math.pi * step / settings.steps))
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * warmup * cosine
        chosen = order[step * settings.batch_size : (step + 1) * settings.batch_size]
        optimizer.zero_grad(set_to_none=True)
        loss = base.loss(rows[chosen])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(base.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % 100 == 0:
            print(
                f"pre-training: step {step + 1} of {settings.steps}, loss {loss.item():.3f}",
                file=sys.stderr,
            )
    seconds = time.monotonic() - started
    held_out = model.mean_loss(base, validation_rows)
    print(
        f"pre-trained in {seconds:.0f} s: loss {held_out:.4f} nats per byte on held-out prose",
        file=sys.stderr,
    )
    return base


def main():
    try:
        base_model()
    except texts.MissingText as error:
        sys.exit(f"pretrain.py: {error}")
    print(base_path(model.ModelShape(), Settings()))


if __name__ == "__main__":
    main()
