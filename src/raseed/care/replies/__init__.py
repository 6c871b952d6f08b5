"""What is wrong with a reply before it is sent: that it says nothing, or how it speaks. Pure: no clock, no database."""
