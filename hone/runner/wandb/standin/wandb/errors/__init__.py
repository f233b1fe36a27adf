"""The exceptions of wandb, by their names there."""


class Error(Exception):
    """Base of wandb's errors."""

    def __init__(self, message="", context=None):
        super().__init__(message)
        self.message = message
        self.context = context or {}


class CommError(Error):
    """Something needs W&B's server."""

    def __init__(self, msg="", exc=None):
        super().__init__(msg)
        self.exc = exc


class AuthenticationError(CommError):
    """Authentication failed."""


class UsageError(Error):
    """The interface is used in a way it does not support."""


class UnsupportedError(UsageError):
    """A feature is not supported."""


def needs_server(what):
    """The error for calls that only W&B's server can answer."""
    return CommError(
        "%s needs W&B's server and account. hone runs this program without them, and wandb is not "
        "installed for this Python (hone's stand-in is used)" % what)
