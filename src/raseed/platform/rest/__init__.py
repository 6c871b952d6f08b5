"""The management API's frame: keys, rates, bodies, errors and the description; the routes are the packages' own."""
