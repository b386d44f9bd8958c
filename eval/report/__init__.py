"""Reports of a scored run: for a manager (HTML), a reviewer (Markdown), a program (JSON) and a CI server (JUnit)."""
