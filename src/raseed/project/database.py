"""Where the database is: DATABASE_URL, or the embedded server's own address."""
