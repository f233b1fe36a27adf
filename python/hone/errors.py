"""The exceptions of hone: one for each error code of the core, all of them hone.Error.

`message` says what happened to what, `hint` what to do about it (may be empty), `code` is the name
that the program prints with --json.
"""

__all__ = ["Error", "InvalidInput", "NotFound", "Exists", "Conflict", "StoreError", "StoreBusy",
           "StoreFull", "StoreNewer", "StoreCorrupt", "InputOutputError", "ProcessError",
           "Unsupported", "Interrupted", "StudyOver", "BY_CODE"]


class Error(Exception):
    """What hone could not do."""

    code = "error"

    def __init__(self, message, hint=""):
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self):
        return "%s\n  %s" % (self.message, self.hint) if self.hint else self.message


class InvalidInput(Error, ValueError):
    """A space, an option or a value is wrong."""

    code = "invalid_input"


class NotFound(Error, LookupError):
    """A study, a trial or a store that was named does not exist."""

    code = "not_found"


class Exists(Error):
    """Something by that name is there already."""

    code = "exists"


class Conflict(Error):
    """Somebody else holds it, or it is in a state that forbids the call."""

    code = "conflict"


class StoreError(Error):
    """The store could not read or write; nothing was half-written."""

    code = "store"


class StoreBusy(StoreError):
    """The store is locked by somebody else; trying again may work."""

    code = "store_busy"


class StoreFull(StoreError):
    """No space is left, or a quota is reached."""

    code = "store_full"


class StoreNewer(StoreError):
    """The store was written by a newer hone."""

    code = "store_newer"


class StoreCorrupt(StoreError):
    """The store's content is damaged."""

    code = "store_corrupt"


class InputOutputError(Error, OSError):
    """A file or socket outside of the store failed."""

    code = "io"

    def __str__(self):
        return Error.__str__(self)


class ProcessError(Error):
    """A process could not be started or controlled."""

    code = "process"


class Unsupported(Error):
    """This build or machine cannot do it."""

    code = "unsupported"


class Interrupted(Error):
    """The user asked to stop."""

    code = "interrupted"


class StudyOver(Error):
    """No trial is left: the budget is used, a finite space is covered, or somebody stopped the study."""

    code = "over"


#: Code of the core -> exception; the core raises by it.
BY_CODE = {kind.code: kind for kind in (
    InvalidInput, NotFound, Exists, Conflict, StoreError, StoreBusy, StoreFull, StoreNewer,
    StoreCorrupt, InputOutputError, ProcessError, Unsupported, Interrupted)}
