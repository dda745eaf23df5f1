"""What we claim about speed and accuracy, as commands that print a table: `python -m benchmarks.NAME`."""
