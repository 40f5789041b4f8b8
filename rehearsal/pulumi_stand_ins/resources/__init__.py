"""The resource types of the stand-in plugin, one per module. Nothing else lists them."""
