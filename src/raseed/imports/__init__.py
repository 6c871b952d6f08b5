"""Other people's books: read whole, judged whole, posted all or none, and compared line by line afterwards."""
