"""What staff may mend for customers, up to where each may alone, and who decides about the rest."""
