"""The way to Petri from each cluster of a page, for readers whose browser runs no script. In ``mkdocs.yml``::

    hooks: [docs/petri/plugins/mkdocs/petri_mkdocs.py]

The blocks stay as MkDocs has made them, each inside of the element that ``embed.js`` brings to life, with a link. Where the
folder of Petri is served, if not as ``petri/`` of the documentation, is said by ``petri_home`` below ``extra``.
"""

import re
from html import escape, unescape
from urllib.parse import quote

from mkdocs.utils import get_relative_url

# A block of code, and what highlighters put around it.
BLOCK = re.compile(r'(?:<div class="[^"]*highlight[^"]*">)?<pre[^>]*>(?:<span></span>)?<code([^>]*)>(.*?)</code></pre>(?:\s*</div>)?', re.DOTALL)
NAMED = re.compile(r'class="[^"]*\blanguage-petri\b')
MARK = re.compile(r"\s*#\s*petri(:|\s*(\n|$))")


def on_page_content(html, page, config, **_):
    home = config.extra.get("petri_home", "petri/")
    if "://" not in home and not home.startswith("/"):
        home = get_relative_url(home, page.url)
    home = escape(home.rstrip("/") + "/")

    def element(found):
        text = unescape(re.sub(r"<[^>]*>", "", found[2]))
        if not (NAMED.search(found[1]) or MARK.match(text)):
            return found[0]
        link = f'<a href="{home}#fence={quote(text, safe="")}">Open in Petri</a>'
        return f'<petri-cluster src="{home}">{found[0]}{link}</petri-cluster>'

    return BLOCK.sub(element, html)
