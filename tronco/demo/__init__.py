"""The demonstration: telephones and a carrier that place and take real calls.

The user agent of this folder (`agent.py`) is also what the tests call with.
"""

# The switch tells carriers by their addresses: not that of the phones.
CARRIER_ADDRESS = "127.0.0.2"
