"""The method by which estimators are saved."""

import os


class Savable:
    """An estimator that can be saved to a file."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save to a file, which `fastopt.load` reads: parameters, what was learnt, and all that the
        training goes on from.

        The file is one of safetensors. It takes the place of one that is there, at once: whatever
        happens, the old file or the new one is there.

        Parameters
        ----------
        path : str or path
            Of the file.

        Raises
        ------
        TypeError, ValueError
            If there is something that a file cannot hold, such as a function as learning rate; no
            file has changed then.
        """
        from fastopt.model_file.file import write

        write(self, path)
