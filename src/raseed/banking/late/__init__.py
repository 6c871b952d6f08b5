"""What being late with an instalment costs: rules as data, the counting, the charging, and waivers."""
