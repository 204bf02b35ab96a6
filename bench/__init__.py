"""fastopt beside NumPy, scikit-learn, numba, torch and jax, in one run: ``python -m bench``."""
