"""Whether what we keep and what we show is true: checks over the books, what they found, and what becomes of it.

Owns its own tables only; everything else is asked through the other packages' doors.
"""
