"""Give a notebook other parameters: read them, write them in its language, put them into it, ask what it takes."""
