"""The Nuncius Python kernel: the interactive core that every frontend shares."""
