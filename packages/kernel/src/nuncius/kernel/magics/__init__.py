"""The magics: commands of the shell that begin with a percent sign."""
