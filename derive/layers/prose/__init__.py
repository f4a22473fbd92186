"""What layer files say about their layers, where that is long: one file a layer, or for several that say it alike."""
