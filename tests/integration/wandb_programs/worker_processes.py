"""Logs from the program, from forked workers, and from spawned workers with runs of their own."""
import multiprocessing

import wandb


def forked(rank):
    wandb.log({"forked/loss": float(rank)})


def spawned(rank):
    run = wandb.init(group="ranks")
    run.log({"spawned/loss": float(rank)})
    run.finish()


def start(method, function):
    process = multiprocessing.get_context(method).Process(target=function, args=(1,))
    process.start()
    process.join()
    return process.exitcode


if __name__ == "__main__":
    wandb.init()
    wandb.log({"loss": 1.0})
    codes = [start("fork", forked), start("spawn", spawned)]
    wandb.log({"loss": 0.5})
    print("config:", codes)
    wandb.finish()
