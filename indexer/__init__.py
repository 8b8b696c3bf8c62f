"""The batch job, one module per stage: scan → decode → embed → write → verify → publish."""
