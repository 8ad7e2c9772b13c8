"""How soon does a search find a good variant? On recorded spaces, so that no device is needed."""
