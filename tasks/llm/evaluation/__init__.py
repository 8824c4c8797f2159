"""Language models tested on questions whose answers are known, and two rounds of answers compared."""
