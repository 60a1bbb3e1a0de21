"""Files of many kinds -> checked training rows, and back."""
