"""Go builds in Dockerfiles, and the image that the instructions leave."""
