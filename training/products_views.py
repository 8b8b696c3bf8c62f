"""Features of pictures as a recogniser learns from them, and as it looks at what it is asked."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from encoder.inputs import Pixels
from encoder.products import Floats, query_views
from progress import Progress
from training.features import plain_features
from training.photographed import photographed

STRENGTH = 0.7  # how far training views go from the picture


def view_features(
    backbone: keras.Model,
    images: Pixels,
    views: int,
    dice: np.random.Generator,
    progress: Progress,
) -> NDArray[np.float16]:
    """`[views, n, features]`: the picture, and as it might have been photographed."""
    found = []
    for view in range(views):
        progress("views", view, views)
        seen = images if not view else np.stack([photographed(p, dice, STRENGTH) for p in images])
        found.append(plain_features(backbone, seen))
    progress("views", views, views)
    return np.stack(found)


def both_ways(backbone: keras.Model, images: Pixels) -> Floats:
    """Of a picture and its mirror."""
    both = [
        plain_features(backbone, one).astype(np.float32) for one in (images, images[:, :, ::-1])
    ]
    return np.asarray((both[0] + both[1]) / 2, np.float32)


def query_features(backbone: keras.Model, images: Pixels) -> Floats:
    """`[n, views, features]`, as the recogniser looks at a query."""
    views = np.concatenate([query_views(one) for one in images])
    found = plain_features(backbone, views).astype(np.float32)
    return found.reshape(len(images), -1, found.shape[-1])
