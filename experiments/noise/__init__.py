"""How often does the tuner claim what is not there, and find what is?"""
