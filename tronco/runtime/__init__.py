"""What a machine needs to run Tronco: directories, PostgreSQL, Asterisk, processes.

No Django here: this package sets up what Django needs, so it only uses the standard library.
"""
