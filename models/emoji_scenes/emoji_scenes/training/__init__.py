"""How the networks of emoji scenes are trained and measured; the extra `training` brings what they need."""
