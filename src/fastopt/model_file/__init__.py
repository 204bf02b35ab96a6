"""Model files: an estimator with all that its training goes on from.

A file is one of safetensors, which holds the arrays, and in its metadata JSON of all the rest. To
load one runs no code of the file's: what it may hold is a table of values and of classes, and each
is checked.
"""
