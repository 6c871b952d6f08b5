"""The biller's side: what it collected, refunds, its bills; for people who work for it, at a door of their own."""
