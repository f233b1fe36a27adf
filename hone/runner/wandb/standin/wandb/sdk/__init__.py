"""wandb.sdk, for the names that programs take from there."""
from .._run import init, login, setup  # noqa: F401
from . import wandb_run  # noqa: F401
