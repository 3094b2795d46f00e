#!/usr/bin/env python3
"""The samples that all codes of A-law and µ-law mean, as integers of 16 bits, by Python's audioop (Python 3.12 or earlier).

    python3 make_telephony_fixtures.py

writes telephony.json beside this script.
"""

import array
import audioop
import json
import os

codes = bytes(range(256))
laws = {"alaw": audioop.alaw2lin(codes, 2), "mulaw": audioop.ulaw2lin(codes, 2)}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "telephony.json"), "w") as file:
    json.dump({name: list(array.array("h", data)) for name, data in laws.items()}, file)
    file.write("\n")
