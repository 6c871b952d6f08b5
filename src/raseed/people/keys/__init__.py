"""What a person or their software holds to prove themselves: passkeys, devices' keys, access keys."""
