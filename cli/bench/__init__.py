"""What Kaibo does in a second, each beside the same work written by hand, in the same run on the same machine."""
