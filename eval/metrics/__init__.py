"""What is measured of one case: each module turns a trace into named values, None where a label is missing."""
