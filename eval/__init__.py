"""Evaluation: one offline command measures what the user sees, over the same event stream as the page."""
