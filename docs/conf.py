"""How Sphinx builds the documentation; `make docs` runs it."""

import sys
from pathlib import Path

from fastopt import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "fastopt"
version = release = __version__
extensions = [
    "docstrings",
    "kernel_table",
    "schedule_table",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "fastopt"
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["wide.css"]

default_role = "py:obj"  # `SGD` in a docstring is a link
autodoc_typehints = "none"  # the docstrings say more
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_use_param = False  # keeps "lr, weight_decay: as for" together
myst_heading_anchors = 2

sphinx_gallery_conf = {
    "examples_dirs": str(HERE.parent / "examples" / "gallery"),
    "gallery_dirs": "gallery",
    "within_subsection_order": "FileNameSortKey",  # which begin with a number
    "run_stale_examples": True,  # the library may have changed
    "matplotlib_animations": True,
    "show_memory": False,
    "show_signature": False,
    "abort_on_example_error": True,
    "download_all_examples": False,
    "capture_repr": (),  # what an example prints is shown, and nothing else
    "write_computation_times": False,
}
