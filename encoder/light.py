"""OpenVINO without its model converter: `from encoder.light import ov`.

The package imports the converter by itself, which takes longer than all the rest of it, and the
converter reports to a telemetry service where that is installed. A query needs neither.
`training/export.py`, which converts, imports the converter by its own name.
"""

from __future__ import annotations

import sys
from typing import Any

_CONVERTER = "openvino.tools.ovc"
_modules: dict[str, Any] = sys.modules
_skipped = _CONVERTER not in _modules
if _skipped:
    _modules[_CONVERTER] = None  # an import of it now fails, and OpenVINO goes on without
import openvino as ov  # noqa: E402  (after the line above, which is for it)

if _skipped:
    del _modules[_CONVERTER]

__all__ = ["ov"]
