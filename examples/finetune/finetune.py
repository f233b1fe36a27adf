"""Fine-tunes the pre-trained byte-level model on a second text, with LoRA or fully.

An ordinary training program: flags in, log lines out as the Hugging Face Trainer prints them,
checkpoints in --output_dir/checkpoint-N, resumed by --resume_from_checkpoint. Like the Trainer it
evaluates on validation text, here at step 0 and after each epoch. The test text is read with
--eval_test only, after training.

SIGTERM saves a checkpoint and ends the program with status 143.
"""

import processor  # noqa: F401  first: settings that torch reads when it is loaded

import argparse
import json
import math
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import torch

import model
import pretrain
import texts

# A small set of examples (about 80 entries), as many fine-tuning sets are: overfitting is real.
TRAIN_BYTES = 14 * 1024
VALIDATION_BYTES = 16 * 1024
MAX_GRAD_NORM = 1.0

# What a checkpoint must share with the run that resumes it; the rest (learning rate, epochs, ...)
# may change.
SAME_ON_RESUME = ("tuning", "rank", "target_modules", "batch_size")


class Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Help with the defaults, and the description as it is written above."""


def parse_arguments(arguments=None):
    """The defaults are the published values that study.yaml argues for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=Help)
    add = parser.add_argument
    targets = tuple(model.TARGET_MODULES)
    schedules = ("linear", "cosine", "constant_with_warmup")
    add("--tuning", choices=("lora", "full"), default="lora", help="what is trained")
    add("--learning_rate", type=float, default=1e-3, help="peak learning rate of AdamW")
    add("--rank", type=int, default=16, help="rank of the LoRA adapters")
    add("--alpha", type=float, help="adapters are scaled by alpha/rank; none: 2 * rank")
    add("--target_modules", choices=targets, default="all_linear", help="layers with an adapter")
    add("--dropout", type=float, default=0.05, help="dropout on the adapters' input")
    add("--warmup_ratio", type=float, default=0.1, help="part of the steps that warms up")
    add("--weight_decay", type=float, default=0.0, help="weight decay of AdamW")
    add("--lr_scheduler_type", choices=schedules, default="cosine", help="after the warm-up")
    add("--batch_size", type=int, default=8, help="sequences of 64 bytes per step")
    add("--epochs", type=int, default=9, help="passes over the training text")
    add("--seed", type=int, default=1, help="seed of adapters, order and dropout")
    add("--output_dir", type=Path, default=Path("out"), help="folder for checkpoints")
    add("--save_total_limit", type=int, default=2, help="checkpoints kept; 0: all")
    add("--resume_from_checkpoint", type=Path, help="a checkpoint-N folder to go on from")
    add("--eval_test", action="store_true", help="evaluate the test text at the end")
    chosen = parser.parse_args(arguments)
    if chosen.alpha is None:
        chosen.alpha = 2.0 * chosen.rank
    for name in ("rank", "batch_size", "epochs"):
        if getattr(chosen, name) < 1:
            parser.error(f"--{name} must be at least 1")
    if not 0 <= chosen.dropout < 1 or not 0 <= chosen.warmup_ratio < 1:
        parser.error("--dropout and --warmup_ratio must be in [0, 1)")
    return chosen


def schedule_factor(kind, step, total_steps, warmup_steps):
    """Share of the peak learning rate at a step: the Trainer's linear, cosine and constant."""
    if step < warmup_steps:
        return step / max(1, warmup_steps)
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    if kind == "linear":
        return max(0.0, 1.0 - progress)
    if kind == "cosine":
        return max(0.0, 0.5 * (1.0 + math.cos(math.pi * progress)))
    return 1.0


class Stopped(Exception):
    """SIGTERM came and the checkpoint is saved."""


class FineTuning:
    """One run: model, data, optimizer and where they stand."""

    def __init__(self, arguments):
        self.arguments = arguments
        base = pretrain.base_model()
        torch.manual_seed(arguments.seed)
        if arguments.tuning == "lora":
            base = model.add_lora(
                base, arguments.target_modules, arguments.rank, arguments.alpha, arguments.dropout
            )
        self.model = base
        self.trained = model.trained_parameters(base)
        # As in the Trainer, weight decay spares the vectors (norms).
        matrices = [p for p in self.trained.values() if p.dim() > 1]
        vectors = [p for p in self.trained.values() if p.dim() <= 1]
        groups = [{"params": matrices, "weight_decay": arguments.weight_decay}]
        if vectors:
            groups.append({"params": vectors, "weight_decay": 0.0})
        self.optimizer = torch.optim.AdamW(groups, lr=arguments.learning_rate, foreach=True)
        context = base.shape.context
        self.train_rows = model.windows(texts.finetuning_text("train")[:TRAIN_BYTES], context)
        self.validation_rows = model.windows(
            texts.finetuning_text("validation")[:VALIDATION_BYTES], context
        )
        self.steps_per_epoch = math.ceil(len(self.train_rows) / arguments.batch_size)
        self.total_steps = self.steps_per_epoch * arguments.epochs
        self.warmup_steps = math.ceil(self.total_steps * arguments.warmup_ratio)
        self.step = 0
        self.loss_sum, self.loss_count, self.grad_norm = 0.0, 0, 0.0  # since the last log line
        self.log_history = []
        self.stop_requested = False

    # -- the loop
    # -------------------------------------------------------------------------------------------

    def run(self):
        """Trains to the end. Raises Stopped after SIGTERM, when a checkpoint is saved."""
        started = time.monotonic()
        first_step = self.step
        if self.evaluation_is_due():
            self.evaluate_and_save()
        while self.step < self.total_steps:
            self.train_step()
            self.stop_if_asked()
            if self.evaluation_is_due():
                self.evaluate_and_save()
        seconds = time.monotonic() - started
        steps_per_second = (self.step - first_step) / max(seconds, 1e-9)
        self.log(
            {
                "train_runtime": round(seconds, 4),
                "train_steps_per_second": round(steps_per_second, 3),
            }
        )
        if self.arguments.eval_test:
            rows = model.windows(texts.finetuning_text("test"), self.model.shape.context)
            self.log({"test_loss": model.mean_loss(self.model, rows)})

    def train_step(self):
        epoch, position = divmod(self.step, self.steps_per_epoch)
        if position == 0 or not hasattr(self, "order"):
            generator = torch.Generator().manual_seed(self.arguments.seed * 1_000_003 + epoch)
            self.order = torch.randperm(len(self.train_rows), generator=generator)
        size = self.arguments.batch_size
        rows = self.train_rows[self.order[position * size : (position + 1) * size]]
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.model.loss(rows)
        loss.backward()
        self.grad_norm = torch.nn.utils.clip_grad_norm_(self.trained.values(), MAX_GRAD_NORM).item()
        self.optimizer.step()
        self.loss_sum += loss.item()
        self.loss_count += 1
        self.step += 1

    def learning_rate(self):
        arguments = self.arguments
        return arguments.learning_rate * schedule_factor(
            arguments.lr_scheduler_type, self.step, self.total_steps, self.warmup_steps
        )

    def evaluate_and_save(self):
        if self.loss_count > 0:
            self.log(
                {
                    "loss": round(self.loss_sum / self.loss_count, 4),
                    "grad_norm": self.grad_norm,
                    "learning_rate": self.learning_rate(),
                }
            )
            self.loss_sum, self.loss_count = 0.0, 0
        started = time.monotonic()
        loss = model.mean_loss(self.model, self.validation_rows, stop=lambda: self.stop_requested)
        if loss is not None:
            self.log({"eval_loss": loss, "eval_runtime": round(time.monotonic() - started, 4)})
            self.save_checkpoint()
        self.stop_if_asked()

    def evaluation_is_due(self):
        """At step 0 and after each epoch; a checkpoint may be from before or after that."""
        done = any(
            entry["step"] == self.step and "eval_loss" in entry for entry in self.log_history
        )
        return self.step % self.steps_per_epoch == 0 and not done

    def log(self, values):
        values["epoch"] = round(self.step / self.steps_per_epoch, 2)
        print(values, flush=True)
        self.log_history.append({**values, "step": self.step})

    # -- stopping and checkpoints
    # ---------------------------------------------------------------------------

    def request_stop(self, *_):
        self.stop_requested = True

    def stop_if_asked(self):
        if self.stop_requested:
            self.save_checkpoint()
            raise Stopped

    def save_checkpoint(self):
        """Writes checkpoint-N beside its place, trainer_state.json last, and renames it into it."""
        output = self.arguments.output_dir
        output.mkdir(parents=True, exist_ok=True)
        final = output / f"checkpoint-{self.step}"
        partial = output / f"tmp-checkpoint-{self.step}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        torch.save({name: p.detach() for name, p in self.trained.items()}, partial / "model.pt")
        torch.save(self.optimizer.state_dict(), partial / "optimizer.pt")
        torch.save(torch.get_rng_state(), partial / "rng_state.pt")
        settings = {
            name: str(v) if isinstance(v, Path) else v for name, v in vars(self.arguments).items()
        }
        (partial / "training_args.json").write_text(
            json.dumps(settings, indent=2), encoding="ascii"
        )
        state = {
            "epoch": self.step / self.steps_per_epoch,
            "global_step": self.step,
            "max_steps": self.total_steps,
            "num_train_epochs": self.arguments.epochs,
            "loss_sum": self.loss_sum,
            "loss_count": self.loss_count,
            "grad_norm": self.grad_norm,
            "log_history": self.log_history,
        }
        (partial / "trainer_state.json").write_text(json.dumps(state, indent=2), encoding="ascii")
        shutil.rmtree(
            final, ignore_errors=True
        )  # only where a stop and its continuation meet at one step
        os.rename(partial, final)
        self.remove_old_checkpoints()

    def remove_old_checkpoints(self):
        limit = self.arguments.save_total_limit
        steps = sorted(
            int(p.name.split("-")[1]) for p in self.arguments.output_dir.glob("checkpoint-*")
        )
        for step in steps[:-limit] if limit > 0 else []:
            shutil.rmtree(self.arguments.output_dir / f"checkpoint-{step}", ignore_errors=True)

    def resume(self, folder):
        """Goes on from a checkpoint; the numbers are then those of an uninterrupted run."""
        settings = json.loads((folder / "training_args.json").read_text(encoding="ascii"))
        for name in SAME_ON_RESUME:
            if settings[name] != getattr(self.arguments, name):
                raise ValueError(
                    f"{folder} was made with --{name} {settings[name]}, not "
                    f"{getattr(self.arguments, name)}: "
                    "give the same value, or start without --resume_from_checkpoint"
                )
        saved = torch.load(folder / "model.pt")
        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(saved[name])
        optimizer = torch.load(folder / "optimizer.pt")
        # Moments from the checkpoint, settings from the command line.
        optimizer["param_groups"] = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict(optimizer)
        torch.set_rng_state(torch.load(folder / "rng_state.pt"))
        state = json.loads((folder / "trainer_state.json").read_text(encoding="ascii"))
        self.step = state["global_step"]
        self.loss_sum, self.loss_count = state["loss_sum"], state["loss_count"]
        self.grad_norm = state["grad_norm"]
        self.log_history = state["log_history"]


def main(arguments=None):
    chosen = parse_arguments(arguments)
    try:
        run = FineTuning(chosen)
        signal.signal(signal.SIGTERM, run.request_stop)
        if chosen.resume_from_checkpoint is not None:
            run.resume(chosen.resume_from_checkpoint)
        run.run()
    except Stopped:
        print(f"stopped by SIGTERM at step {run.step}; checkpoint saved", file=sys.stderr)
        sys.exit(128 + signal.SIGTERM)
    except (texts.MissingText, ValueError, FileNotFoundError) as error:
        sys.exit(f"finetune.py: {error}")


if __name__ == "__main__":
    main()
