"""The extensions that come with the kernel: ``%load_ext autoreload``, ``%load_ext storemagic``."""
