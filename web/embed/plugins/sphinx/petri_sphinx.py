"""Clusters in Sphinx: the directive ``petri``, code blocks of that language, and MyST's fences.

In ``conf.py``::

    import os, sys
    sys.path.append(os.path.abspath("_static/petri/plugins/sphinx"))
    html_static_path = ["_static"]
    extensions = ["petri_sphinx"]
    petri_home = "_static/petri/"  # where the folder of Petri is served, from the root of the documentation

In a page::

    .. petri:: A node goes quiet
       :height: 420

       kind: StatefulSet
       ...
       $ run until sts/web Ready
       ? At most one holds

With MyST a fence that begins with ``petri height=420 title="A node goes quiet"`` does the same.
"""

import re
from html import escape
from urllib.parse import quote, urlencode

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from sphinx.util.osutil import relative_uri

ATTRIBUTES = ["example", "lesson", "recording", "panels", "theme", "height", "speed", "autoplay", "engine", "scenario", "seed"]

# Those that are not about looks.
SAYS = ["example", "lesson", "recording", "scenario", "seed", "title", "engine"]

WORD = re.compile(r'([a-z]+)=(?:"([^"]*)"|(\S+))\s*')
MARK = re.compile(r"\s*#\s*petri(:|\s*(\n|$))")


class petri(nodes.literal_block):
    """A fence in the tree of a document."""


class Petri(Directive):
    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = {name: directives.unchanged for name in ATTRIBUTES}

    def run(self):
        text = "\n".join(self.content) + "\n"
        words = dict(self.options)
        if self.arguments:
            # MyST hands over what stands behind the name of a fence.
            argument = self.arguments[0]
            found = {name: quoted or bare for name, quoted, bare in WORD.findall(argument)}
            words.update(found if not WORD.sub("", argument) else {"title": argument})
        return [petri(text, text, words=words)]


def code_blocks(app, doctree):
    """What is marked as ours without being a directive."""
    for block in list(doctree.findall(nodes.literal_block)):
        text = block.astext() + "\n"
        if block.get("language") == "petri" or MARK.match(text):
            block.replace_self(petri(text, text, words={}))


def fences(app, config):
    """MyST reads a fence as the directive of its name if it is told to."""
    if "myst_fence_as_directive" in config:
        config.myst_fence_as_directive = {*config.myst_fence_as_directive, "petri"}


def visit_html(self, node):
    home = self.builder.config.petri_home
    if "://" not in home and not home.startswith("/"):
        page = self.builder.get_target_uri(self.builder.current_docname)
        home = relative_uri(page, home)
    text = node.astext()
    words = "".join(f' {name}="{escape(value or "")}"' for name, value in node["words"].items())
    said = urlencode({name: node["words"][name] for name in SAYS if node["words"].get(name)}, quote_via=quote)
    link = f'{home}{"?" if said else ""}{said}#fence={quote(text, safe="")}'
    self.body.append(
        f'<petri-cluster{words} src="{escape(home)}"><pre><code>{escape(text)}</code></pre>'
        f'<a href="{escape(link)}">Open in Petri</a></petri-cluster>\n'
        f'<script type="module" src="{escape(home)}embed.js"></script>\n'
    )
    raise nodes.SkipNode


def visit_other(self, node):
    """As the text that it is, in a PDF or a manual page."""
    self.visit_literal_block(node)


def depart_other(self, node):
    self.depart_literal_block(node)


def setup(app):
    app.add_config_value("petri_home", "_static/petri/", "html")
    other = (visit_other, depart_other)
    app.add_node(petri, html=(visit_html, None), latex=other, text=other, man=other, texinfo=other)
    app.add_directive("petri", Petri)
    app.connect("config-inited", fences)
    app.connect("doctree-read", code_blocks)
    return {"version": "0.2.0", "parallel_read_safe": True, "parallel_write_safe": True}
