"""Answer cards: what is true about a customer at this moment, each fact with its source and its time.

Built by small providers, one a source; packages that come later register theirs through the same door. A fact that was put
into a reply is looked at again when the reply is sent, and stops it where it has changed.
"""
