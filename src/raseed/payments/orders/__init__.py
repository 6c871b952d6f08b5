"""Payment orders from files: received, read whole, confirmed by their sender, carried out, reported on."""
