"""Rows → pairs → heads on cached features → fine-tuning → calibration → what an artifact holds.

Heavy and offline: nothing that answers a query imports this room.
"""

import os
import tempfile


def _load_keras_quietly() -> None:
    """TensorFlow greets on file descriptor 2 before it reads its own log level.

    Our progress and errors belong there, so the greeting is caught; if loading fails it is shown.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as greeting:
        os.dup2(greeting.fileno(), 2)
        try:
            import keras  # noqa: F401
        except BaseException:
            greeting.seek(0)
            os.write(stderr, greeting.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


_load_keras_quietly()
