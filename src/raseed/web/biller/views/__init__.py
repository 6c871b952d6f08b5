"""Views of the biller's side: one file a subject."""
