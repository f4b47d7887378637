"""What can go wrong for reasons outside of this code. Each has a message and, where there is one, a way out."""


class TrainError(Exception):
    """Base of all expected failures; `code` is stable, the text is for people."""

    code = "train"

    def __init__(self, message: str, hint: str = ""):
        super().__init__(f"{message} {hint}".strip())
        self.message, self.hint = message, hint


class DataError(TrainError):
    """The photographs or the pack cannot be used."""

    code = "data"


class SettingsError(TrainError):
    """An option that makes no sense, or one that differs from those a run was started with."""

    code = "settings"


class CheckpointError(TrainError):
    """No usable checkpoint where one is needed."""

    code = "checkpoint"


class WeightsError(TrainError):
    """A weight file that is damaged or holds another model."""

    code = "weights"


class DivergedError(TrainError):
    """A loss stopped being a number."""

    code = "diverged"
