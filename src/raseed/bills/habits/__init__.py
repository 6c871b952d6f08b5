"""What customers let happen by itself or want at hand: autopay with a ceiling, reminders, saved billers."""
