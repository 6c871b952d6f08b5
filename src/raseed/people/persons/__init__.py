"""What is known of a person: names, number, civil ids, consents, dates, vulnerability."""
