"""PostgreSQL as Django knows it, but that tests may empty the ledger after themselves."""
