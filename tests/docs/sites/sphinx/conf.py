import os, sys

sys.path.append(os.path.abspath("_static/petri/plugins/sphinx"))

project = "Petri in Sphinx"
html_theme = "furo"
extensions = ["petri_sphinx", "myst_parser"]
html_static_path = ["_static"]
