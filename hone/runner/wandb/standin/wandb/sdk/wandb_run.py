"""wandb.sdk.wandb_run, for type annotations."""
from .._run import Run  # noqa: F401
