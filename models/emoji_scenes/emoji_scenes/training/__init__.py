"""How the networks of emoji scenes are trained and measured; installed with the extra `training`."""
