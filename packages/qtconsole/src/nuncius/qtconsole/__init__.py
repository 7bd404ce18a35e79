"""The Nuncius graphical console and its reusable widget."""
