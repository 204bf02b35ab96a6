"""Linear and logistic models by SGD at the speed of memory, and in-place optimizers for NumPy."""
