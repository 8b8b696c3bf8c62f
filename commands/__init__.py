"""The command line, one module per group of commands: parse, one library call, print.

Typer and Rich live here and in cli.py alone. Heavy modules are imported inside the functions, so
that `--help` answers at once. Results go to stdout, everything else to stderr.
"""
