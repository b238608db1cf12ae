"""The platforms 要点 talks through; platform field names stay in here."""
