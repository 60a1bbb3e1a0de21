"""Chats: what a request asks of us, what the upstream is asked instead, and what is said about its answer.

``asked.py`` takes the field ``emoreason`` out of a body; ``inserting.py`` puts cues and pictures in the place of media;
``relaying.py`` passes the answer through, ``evidence.py`` checks it against the cues at its end, and ``answering.py``
is the whole of it, once, for the route and for batches.
"""
