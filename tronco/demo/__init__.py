"""The demonstration: telephones and a carrier that place and take real calls.

The user agent of this folder (`agent.py`) is also what the tests call with.
"""
