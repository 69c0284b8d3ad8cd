"""The main job: an organisation's months, imported over the public API and told as a ledger and one person's story."""
