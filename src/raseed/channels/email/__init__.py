"""Mail: composed and handed to a server by SMTP, fetched by IMAP."""
