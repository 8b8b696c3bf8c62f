"""Questions about images that were put to people, each with its answer once there is one.

They name images by content and items by the catalog's own ids, by no foreign key: an import that
removes an item and a later one that brings it back lose nothing of them.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables import Base


class QuestionRow(Base):
    """Does this image bear this tag? Does it answer this query?"""

    __tablename__ = "questions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)  # digest of what is asked
    kind: Mapped[str] = mapped_column(String(5))  # tag or match
    content: Mapped[str] = mapped_column(String(64), index=True)  # SHA-256 of the file
    image: Mapped[str] = mapped_column(Text)  # absolute path when it was last asked
    item: Mapped[str] = mapped_column(String(512))  # the catalog's own id; "" = not in the catalog
    tag: Mapped[str] = mapped_column(String(256))
    query: Mapped[str] = mapped_column(Text)
    said: Mapped[bool | None]  # what the catalog says; NULL where it says nothing
    score: Mapped[float | None]  # what the model said
    model: Mapped[str] = mapped_column(String(64))
    answer: Mapped[str] = mapped_column(String(4))  # yes, no, skip; "" = none yet
    turn: Mapped[int] = mapped_column(index=True)  # counts answers in their order; 0 = none yet
    source: Mapped[str] = mapped_column(String(32))  # where it was answered
    answered: Mapped[dt.datetime | None]
