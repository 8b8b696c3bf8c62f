"""What people say of tags and matches: questions, answers, and what the heads learn from them.

    with Review.open(home, settings) as review:            # heavy: opens model and index; keep it
        for question in review.queue(20):                  # most doubtful first
            question.id, question.image                    # a stable id; path of the picture
            question.kind, question.tag, question.query    # "tag": does it bear `tag`?
            question.said, question.score                  # "match": does it answer `query`?
        review.answer(question.id, "yes")                  # yes, no or skip; known by id afterwards
        review.take_back(question.id)                      # it stands open again
        review.tell_tag(item="7", tag="red", verdict="no") # said without having been asked
        review.tell_match(item="7", query="a red square", verdict="yes")

`answer` and `tell_…` are idempotent: the same again changes nothing, another verdict takes the
place of the earlier. What cannot be is a QueryError. Answering needs neither model nor index:

    Answers(store).answer(question_id, "no", source="page")

`Answers(store).all()` is every answer that was given. Answers change nothing that is served until
`refit` (refit.py) has learnt from them.
"""

from db.questions import Question, Verdict
from review.answers import Answers
from review.review import Review

__all__ = ["Answers", "Question", "Review", "Verdict"]
