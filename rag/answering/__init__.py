"""Evidence becomes an answer: planner, generators, citations, support."""
