"""What comes in: reading a source, checking it row by row, splits, duplicates, the data report.

source.py ── delimited / jsonlines / parquet / folder     any source as raw rows
columns.py, drafting.py, attributes.py, cleaning.py        raw rows as checked drafts
locating.py, facts.py                                      drafts with a decoded image
duplicates.py, splits.py                                   which items belong on one side
importing.py                                               the whole way into the store
report*.py                                                 one HTML page about the result
demo/                                                      a drawn catalog to try all of it
"""
