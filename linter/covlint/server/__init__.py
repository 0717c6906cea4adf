"""``covlint server``: findings, fixes and explanations for editors (LSP 3.17)."""
