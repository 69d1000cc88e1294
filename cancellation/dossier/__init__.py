"""The dossier of a case: its evidence in one bundle that proves itself (X13)."""
