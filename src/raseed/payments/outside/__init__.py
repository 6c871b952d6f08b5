"""What goes outside: money held, errands carried by a courier, lanes with breakers, unknown outcomes, and persons who decide."""
