"""How the networks of emoji scenes learn; the command is in `train.py`."""
