"""covlint's reading of shell scripts beside what bash and dash do with them."""
